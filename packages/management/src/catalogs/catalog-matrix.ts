import { MoraineError } from '@moraine/stdx/error'
import type { CatalogMap, CatalogType } from './managed-catalog.ts'
import { STORAGE_TYPES, type StorageType } from './storage-type.ts'

export const CATALOG_FORMATS = ['ICEBERG', 'MIXED_ICEBERG', 'MIXED_HIVE', 'PAIMON', 'HUDI', 'LANCE'] as const
export type CatalogFormat = (typeof CATALOG_FORMATS)[number]

export type MetastoreType = {
  readonly value: CatalogType
  readonly display: string
  /** Formats per storage; a storage that is not here cannot be had. */
  readonly storages: Readonly<Partial<Record<StorageType, readonly CatalogFormat[]>>>
  /** Of a registration that names none. */
  readonly defaultFormat: CatalogFormat
  /** Properties without which there is no such catalog. */
  readonly required: readonly string[]
  /** Those of them that may be said elsewhere, and where. */
  readonly elsewhere?: CatalogMap
  /** Properties of its own that it takes besides. */
  readonly optional: readonly string[]
}

/** What catalogs of every type take, beside what reaches their files. */
export const COMMON_PROPERTIES: readonly string[] = [
  'database-filter',
  'table-filter',
  'access-delegation',
  'access-delegation.locations',
  'access-delegation.role-arn',
  'access-delegation.external-id',
  'access-delegation.duration-sec',
  'access-delegation.sts-endpoint',
  'allow.external.table.location',
]

const OF_AWS_ROLES = [
  'client.assume-role.arn',
  'client.assume-role.external-id',
  'client.assume-role.session-name',
  'client.assume-role.timeout-sec',
  'client.assume-role.region',
  'client.credentials-provider',
]

const BOTH = ['ICEBERG', 'MIXED_ICEBERG'] as const
/** For which Amoro has no word. */
const CLOUDS = { GCS: ['ICEBERG'], ADLS: ['ICEBERG'] } as const
const EVERYWHERE = { Hadoop: BOTH, S3: BOTH, OSS: BOTH, GCS: BOTH, ADLS: BOTH } as const

const FILES: Pick<MetastoreType, 'storages' | 'defaultFormat' | 'required' | 'optional'> = {
  storages: {
    Hadoop: ['ICEBERG', 'MIXED_ICEBERG', 'PAIMON', 'HUDI'],
    S3: ['ICEBERG', 'PAIMON', 'HUDI', 'LANCE'],
    OSS: ['ICEBERG', 'PAIMON', 'HUDI', 'LANCE'],
    Local: ['ICEBERG', 'LANCE'],
    ...CLOUDS,
  },
  defaultFormat: 'ICEBERG',
  required: ['warehouse'],
  optional: ['optimizing.own-files-only'],
}

const OF_HIVE = [
  'warehouse',
  'clients',
  'engine.hive.enabled',
  'engine.hive.lock-enabled',
  'iceberg.engine.hive.enabled',
  'iceberg.engine.hive.lock-enabled',
  'iceberg.hive.lock-timeout-ms',
  'iceberg.hive.lock-check-min-wait-ms',
  'iceberg.hive.lock-check-max-wait-ms',
  'iceberg.hive.lock-heartbeat-interval-ms',
  'iceberg.hive.table-property-max-size',
  'hive.metastore.uris',
  'hive.metastore.warehouse.dir',
  'hive.metastore.use.SSL',
  'hive.metastore.client.auth.mode',
  'hive.metastore.client.plain.username',
  'hive.metastore.client.plain.password',
  'hive.metastore.client.socket.timeout',
  'hive.metastore.delegation-token',
  'optimizing.own-files-only',
]
const OF_GLUE = [
  'client.region',
  'glue.id',
  'glue.endpoint',
  'glue.region',
  'glue.access-key-id',
  'glue.secret-access-key',
  'glue.session-token',
  'glue.profile-name',
  'client.profile-name',
  'client.access-key-id',
  'client.secret-access-key',
  'client.session-token',
  'glue.skip-archive',
  'glue.skip-name-validation',
  'glue.max-retries',
  ...OF_AWS_ROLES,
  'optimizing.own-files-only',
]
const OF_REST = [
  'warehouse',
  'prefix',
  'token',
  'credential',
  'oauth2-server-uri',
  'scope',
  'audience',
  'resource',
  'rest.auth.type',
  'rest.auth.basic.username',
  'rest.auth.basic.password',
  'rest.auth.sigv4.delegate-auth-type',
  'rest.sigv4-enabled',
  'rest.signing-region',
  'rest.signing-name',
  'rest.access-key-id',
  'rest.secret-access-key',
  'rest.session-token',
  'rest.client.max-retries',
  'register-overwrite-supported',
  'header.NAME',
  'namespace-separator',
  ...OF_AWS_ROLES,
  'optimizing.own-files-only',
]

/**
 * Which type takes which format on which storage: the stricter of Amoro's two matrices, that of its API, completed from the
 * other one for `custom` and for Hudi's tables in folders, and for Iceberg's tables in the folders of object stores, where a
 * commit is a file that is created only; `jdbc` is ours, and so are the stores of Azure and Google.
 */
export const METASTORES: readonly MetastoreType[] = [
  {
    value: 'ams',
    display: 'Internal',
    storages: EVERYWHERE,
    defaultFormat: 'MIXED_ICEBERG',
    required: ['warehouse'],
    optional: [],
  },
  {
    value: 'hive',
    display: 'Hive',
    storages: { Hadoop: ['ICEBERG', 'MIXED_ICEBERG', 'MIXED_HIVE', 'PAIMON', 'HUDI'] },
    defaultFormat: 'MIXED_HIVE',
    required: ['uri'],
    elsewhere: { uri: 'hive.metastore.uris in storageConfig.hive.site' },
    optional: OF_HIVE,
  },
  { value: 'filesystem', display: 'FileSystem', ...FILES },
  {
    value: 'glue',
    display: 'Glue',
    storages: { S3: BOTH, OSS: BOTH },
    defaultFormat: 'ICEBERG',
    required: ['warehouse'],
    optional: OF_GLUE,
  },
  {
    value: 'rest',
    display: 'REST',
    storages: EVERYWHERE,
    defaultFormat: 'ICEBERG',
    required: ['uri'],
    optional: OF_REST,
  },
  {
    value: 'custom',
    display: 'Custom',
    storages: EVERYWHERE,
    defaultFormat: 'ICEBERG',
    required: ['catalog-impl'],
    optional: ['uri', 'warehouse', 'optimizing.own-files-only'],
  },
  {
    value: 'jdbc',
    display: 'JDBC',
    storages: { Hadoop: ['ICEBERG'], S3: ['ICEBERG'], OSS: ['ICEBERG'], Local: ['ICEBERG'], ...CLOUDS },
    defaultFormat: 'ICEBERG',
    required: ['uri', 'warehouse'],
    optional: [
      'jdbc.user',
      'jdbc.password',
      'jdbc.catalog-name',
      'jdbc.schema-version',
      'jdbc.strict-mode',
      'jdbc.init-catalog-tables',
      'optimizing.own-files-only',
    ],
  },
]

/** Taken, but not offered: Amoro's name of `filesystem` until 0.8. */
const LEGACY: MetastoreType = { value: 'hadoop', display: 'FileSystem', ...FILES }

/** @throws {MoraineError} `invalid-input` with the types there are */
export function metastoreType(type: string): MetastoreType {
  const found = [...METASTORES, LEGACY].find(({ value }) => value === type)
  if (found !== undefined) return found
  throw new MoraineError('invalid-input', `type: there is no catalog type '${type}'; ${oneOf(valuesOf(METASTORES))}`)
}

export function formatsOf({ storages }: MetastoreType): readonly CatalogFormat[] {
  return CATALOG_FORMATS.filter((format) => Object.values(storages).some((formats) => formats.includes(format)))
}

export function storagesOf({ storages }: MetastoreType): readonly StorageType[] {
  return STORAGE_TYPES.filter((storage) => storages[storage] !== undefined)
}

/**
 * The storage and the formats as the matrix writes them, each of them allowed.
 *
 * @throws {MoraineError} `invalid-input` with the field and what it may be
 */
export function checkMatrix(
  metastore: MetastoreType,
  storage: string,
  formats: readonly string[],
): { readonly storage: StorageType; readonly formats: readonly CatalogFormat[] } {
  const { value: type, storages } = metastore
  const known = storagesOf(metastore).find((each) => each.toLowerCase() === canonicalStorage(storage))
  if (known === undefined) {
    const allowed = oneOf(storagesOf(metastore))
    throw new MoraineError('invalid-input', `storageConfig.storage.type: type ${type} has no '${storage}'; ${allowed}`)
  }
  const allowed = storages[known] ?? []
  const checked = formats.map((format) => {
    const found = allowed.find((each) => each === format.trim().toUpperCase())
    if (found !== undefined) return found
    const where = `type ${type} on ${known} storage`
    throw new MoraineError('invalid-input', `tableFormatList: ${where} has no '${format}'; ${oneOf(allowed)}`)
  })
  if (checked.length === 0) throw new MoraineError('invalid-input', `tableFormatList is empty; ${oneOf(allowed)}`)
  return { storage: known, formats: [...new Set(checked)] }
}

function canonicalStorage(storage: string): string {
  const lower = storage.trim().toLowerCase()
  return lower === 'hdfs' ? 'hadoop' : lower
}

function valuesOf(types: readonly MetastoreType[]): readonly string[] {
  return types.map(({ value }) => value)
}

function oneOf(words: readonly string[]): string {
  return `choose of ${words.join(', ')}`
}
