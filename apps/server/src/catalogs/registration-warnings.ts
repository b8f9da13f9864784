import { DELETION_PROTECTION } from '@moraine/catalogs/internal/deletion-protection'
import { REBASE_APPENDS } from '@moraine/iceberg/commit/rebase-append'
import { TABLE_PROPERTY_KEYS } from '@moraine/iceberg/metadata/table-properties'
import { unknownProperties } from '@moraine/maintenance/plan/unknown-properties'
import { tableDefaults } from '@moraine/management/catalogs/catalog-connection'
import { formatsOfCatalog, type PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import { COMMON_PROPERTIES, METASTORES, metastoreType } from '@moraine/management/catalogs/catalog-matrix'
import { misspelledKeys } from '@moraine/management/catalogs/misspelled-keys'
import { OWN_FILES_ONLY } from './check-catalog-values.ts'
import type { PlacesOfOthers, WarehouseOverlap } from './places-of-others.ts'
import { storageEntries } from './storage-entries.ts'

/** What is probably not as it was meant, as far as the settings of a catalog and of others tell: nothing is asked of it. */
export async function registrationWarnings(
  catalog: PlainCatalog,
  { findOverlaps }: Pick<PlacesOfOthers, 'findOverlaps'>,
): Promise<readonly string[]> {
  const { name, type, properties } = catalog
  const overlaps = await findOverlaps({ name, type, warehouse: properties['warehouse'] })
  return [...overlapWarnings(overlaps), ...formatWarning(catalog), ...keyWarnings(catalog)]
}

function overlapWarnings(overlaps: readonly WarehouseOverlap[]): readonly string[] {
  const named = (areBothOwn: boolean) =>
    overlaps
      .filter((each) => each.areBothOwn === areBothOwn)
      .map(({ catalog }) => catalog)
      .join(', ')
  const [ours, theirs] = [named(true), named(false)]
  return [
    ...(theirs === ''
      ? []
      : [
          `its warehouse overlaps that of ${theirs}: nothing is registered in, or purged from, what several catalogs share`,
        ]),
    ...(ours === ''
      ? []
      : [
          `its warehouse overlaps that of ${ours}, which this service keeps as well: tables of both lie among each other, and whoever may read or write the one folder has the other, too; give each a folder of its own unless that is meant`,
        ]),
  ]
}

function formatWarning(catalog: PlainCatalog): readonly string[] {
  const others = formatsOfCatalog(catalog).filter((format) => format !== 'ICEBERG')
  if (others.length === 0) return []
  return [`tables of ${others.join(', ')} are passed over: only those in Iceberg's own format are looked after`]
}

/** Unknown keys are allowed, as Amoro allows them: they may be for an engine. */
function keyWarnings(catalog: PlainCatalog): readonly string[] {
  const { type, properties, storageConfig, authConfig } = catalog
  const metastore = metastoreType(type)
  const entries = storageEntries(metastore)
  const own = Object.keys(properties).filter((key) => !key.startsWith('table.'))
  const ofFiles = entries.flatMap((entry) => entry.properties)
  const known = [...metastore.required, ...metastore.optional, ...COMMON_PROPERTIES, ...ofFiles, ...KNOWN_ANYWHERE]
  const settings = ['storage.type', ...entries.flatMap((entry) => entry.settings)]
  const defaults = tableDefaults(catalog)
  const plainDefaults = Object.keys(defaults).filter((key) => !key.startsWith('self-optimizing.'))
  const meant = [
    ...fieldsOf('properties', misspelledKeys(own, known)),
    ...fieldsOf('storageConfig', misspelledKeys(Object.keys(storageConfig), settings)),
    ...fieldsOf('authConfig', misspelledKeys(Object.keys(authConfig), OF_SIGNING_IN)),
    ...fieldsOf('tableProperties', misspelledKeys(plainDefaults, OF_TABLES)),
    ...fieldsOf('tableProperties', unknownProperties(defaults)),
  ]
  return meant
}

function fieldsOf(
  field: string,
  keys: readonly { readonly key: string; readonly meant?: string }[],
): readonly string[] {
  return keys.map(({ key, meant }) => {
    const what = `${field}.${key} is not known here`
    return meant === undefined ? what : `${what}; ${meant} is meant?`
  })
}

/** What other types take, and what Amoro and Iceberg's clients write for any: no slip, though without effect here. */
const KNOWN_ANYWHERE = [
  ...new Set(METASTORES.flatMap(({ required }) => required)),
  ...['type', 'name', 'clients', 'io-impl', 'ams.uri', 'auth.load-from-ams', 'cache-enabled', 'table-formats'],
  ...['cache.expiration-interval-ms', 'client.pool.cache.eviction-interval-ms', 'mixed-format.table-store.separator'],
  ...['table-properties.non-persisted.additional', 'table-properties.non-persisted.excluded', 'ugi', OWN_FILES_ONLY],
]
const OF_SIGNING_IN = [
  ...['auth.type', 'auth.simple.hadoop_username', 'auth.ak_sk.access_key', 'auth.ak_sk.secret_key'],
  ...['auth.kerberos.principal', 'auth.kerberos.keytab', 'auth.kerberos.krb5'],
]
const OF_TABLES = [...TABLE_PROPERTY_KEYS, DELETION_PROTECTION, REBASE_APPENDS]
