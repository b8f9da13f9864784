import { MoraineError } from '@moraine/stdx/error'
import { connectionProperties } from './catalog-connection.ts'
import { catalogFilter } from './catalog-filter.ts'
import { checkMatrix, metastoreType, storagesOf } from './catalog-matrix.ts'
import type { CatalogMap, CatalogType, ManagedCatalog } from './managed-catalog.ts'
import { checkStorage, exactStorageOf } from './storage-type.ts'

/** A registration as Amoro's clients write it. */
export type CatalogForm = {
  readonly type: string
  readonly optimizerGroup?: string
  readonly tableFormatList?: readonly string[]
  readonly storageConfig?: CatalogMap
  readonly authConfig?: CatalogMap
  readonly properties?: CatalogMap
  readonly tableProperties?: CatalogMap
}

/** A catalog whose secrets are in the maps, in the clear: for whoever opens or checks it, and nobody else. */
export type PlainCatalog = {
  readonly name: string
  readonly type: CatalogType
  readonly properties: CatalogMap
  readonly storageConfig: CatalogMap
  readonly authConfig: CatalogMap
}

const GROUP = 'table.self-optimizing.group'
const FORMATS = 'table-formats'

/** Values that are whole files: their content is taken in base64, and never shown. */
export const CATALOG_FILES: Readonly<Record<string, string>> = {
  'hadoop.core.site': 'core-site.xml',
  'hadoop.hdfs.site': 'hdfs-site.xml',
  'hive.site': 'hive-site.xml',
  'auth.kerberos.keytab': 'krb.keytab',
  'auth.kerberos.krb5': 'krb5.conf',
}

/**
 * The catalog that the form describes, in Amoro's maps.
 *
 * @throws {MoraineError} `invalid-input` naming the field and the remedy
 */
export function catalogOfForm(name: string, form: CatalogForm): PlainCatalog {
  checkCatalogName(name)
  const metastore = metastoreType(form.type)
  const { storageConfig = {}, authConfig = {}, properties = {}, tableProperties = {} } = form
  const takes = storagesOf(metastore)
  const told = exactStorageOf(properties['warehouse'])
  const storage = storageConfig['storage.type'] ?? takes.find((each) => each === told) ?? takes[0] ?? ''
  const checked = checkMatrix(metastore, storage, form.tableFormatList ?? [metastore.defaultFormat])
  const defaults = Object.entries(tableProperties).map(([key, value]) => [`table.${key}`, value])
  return {
    name,
    type: metastore.value,
    properties: withoutEmpty({
      ...properties,
      ...Object.fromEntries(defaults),
      [GROUP]: form.optimizerGroup || (tableProperties['self-optimizing.group'] ?? ''),
      [FORMATS]: checked.formats.join(','),
    }),
    storageConfig: withoutEmpty({ ...storageConfig, 'storage.type': checked.storage }),
    authConfig: withoutEmpty({ ...authConfig, 'auth.type': (authConfig['auth.type'] ?? 'custom').toLowerCase() }),
  }
}

/**
 * Whether such a catalog could be opened, as far as its settings tell.
 *
 * @throws {MoraineError} `invalid-input` or `unsupported` naming the field and the remedy
 */
export function checkCatalog(catalog: PlainCatalog): void {
  const { type, properties } = catalog
  const { required, elsewhere = {} } = metastoreType(type)
  for (const key of required) {
    if ((properties[key] ?? '').trim() !== '' || elsewhere[key] !== undefined) continue
    throw new MoraineError('invalid-input', `properties.${key} is missing; a catalog of type ${type} needs it`)
  }
  catalogFilter(properties)
  checkStorage(catalog, storagesOf(metastoreType(type)))
  checkKeys(catalog)
  const connection = connectionProperties(catalog)
  if (type !== 'hive' || connection['uri'] !== undefined || connection['hive.metastore.uris'] !== undefined) return
  throw new MoraineError(
    'invalid-input',
    `properties.uri is missing; name the metastore (thrift://host:9083) there, or by ${metastoreType(type).elsewhere?.['uri']}`,
  )
}

function checkKeys({ authConfig }: PlainCatalog): void {
  if (authConfig['auth.type'] !== 'ak/sk') return
  for (const key of ['auth.ak_sk.access_key', 'auth.ak_sk.secret_key']) {
    if (authConfig[key] !== undefined) continue
    throw new MoraineError('invalid-input', `authConfig.${key} is missing; auth.type AK/SK needs both keys`)
  }
}

/** The form that a catalog was made of; of maps without secrets it has none. */
export function formOfCatalog(catalog: Omit<ManagedCatalog, 'sealedSecrets'>): Required<CatalogForm> {
  const { properties, type, storageConfig = {}, authConfig = {} } = catalog
  const isTable = (key: string) => key.startsWith('table.')
  const own = Object.entries(properties).filter(([key]) => !isTable(key) && key !== FORMATS)
  const table = Object.entries(properties).filter(([key]) => isTable(key) && key !== GROUP)
  return {
    type,
    optimizerGroup: properties[GROUP] ?? '',
    tableFormatList: formatsOfCatalog(catalog),
    storageConfig,
    authConfig: {
      ...authConfig,
      ...(authConfig['auth.type'] !== undefined && { 'auth.type': authConfig['auth.type'].toUpperCase() }),
    },
    properties: Object.fromEntries(own),
    tableProperties: Object.fromEntries(table.map(([key, value]) => [key.slice('table.'.length), value])),
  }
}

/** Of which formats its tables may be. */
export function formatsOfCatalog({ type, properties }: Pick<PlainCatalog, 'type' | 'properties'>): readonly string[] {
  const formats = properties[FORMATS] ?? metastoreType(type).defaultFormat
  return formats.split(',').map((format) => format.trim())
}

/** Names that stand in paths, URLs and logs as they are. */
function checkCatalogName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(name)) return
  throw new MoraineError(
    'invalid-input',
    'name: a catalog is named with letters, digits, - and _, a letter or digit first, 128 at most',
  )
}

function withoutEmpty(map: CatalogMap): CatalogMap {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== ''))
}
