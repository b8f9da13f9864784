import { type CatalogFormat, type MetastoreType, storagesOf } from '@moraine/management/catalogs/catalog-matrix'
import { STORAGES, type StorageType, type StorageWords } from '@moraine/management/catalogs/storage-type'
import { LOCAL_FOLDERS } from '@moraine/storage/local-folders'
import { OBJECT_STORE_SERVICES } from '@moraine/storage/object-store-service'

/** A kind of storage that a type of catalog takes, and all that a registration may say for it. */
export type StorageEntry = StorageWords & {
  readonly value: StorageType
  readonly formats: readonly CatalogFormat[]
  /** Properties by which its files are reached; they count before what the maps say. */
  readonly properties: readonly string[]
}

export function storageEntries(metastore: MetastoreType): readonly StorageEntry[] {
  return storagesOf(metastore).map((value) => ({
    value,
    formats: metastore.storages[value] ?? [],
    ...STORAGES[value],
    properties: propertiesOf(value),
  }))
}

function propertiesOf(value: StorageType): readonly string[] {
  if (value === 'Local') return [LOCAL_FOLDERS]
  if (value === 'Hadoop') return OF_WEBHDFS
  const { schemes } = STORAGES[value]
  const service = OBJECT_STORE_SERVICES.find((each) => each.schemes.some((scheme) => schemes.includes(scheme)))
  return service === undefined ? [] : [...Object.keys(service.options), ...service.otherSettings]
}

const OF_WEBHDFS = [
  'fs.defaultFS',
  'dfs.namenode.http-address',
  'dfs.namenode.https-address',
  'dfs.nameservices',
  'dfs.ha.namenodes.NAMESERVICE',
  'dfs.http.policy',
  'hdfs.user',
  'hdfs.delegation-token',
]
