import type { tableMetastore } from '@moraine/api/thrift/table-metastore'
import type { CatalogMap, CatalogType, ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { ResultOf } from '@moraine/thrift/service'
import { withoutCatalogSecrets } from '../catalogs/catalog-secrets.ts'

type CatalogMeta = NonNullable<ResultOf<(typeof tableMetastore)['methods']['getCatalog']>>

/**
 * A catalog as Amoro's engines open it, without its secrets: whoever reaches the port asks for it. Engines bring their own.
 *
 * @param restUri of the REST catalog of this service
 */
export function engineCatalog(catalog: ManagedCatalog, restUri: string): CatalogMeta {
  const { name, type, properties, storageConfig = {}, authConfig = {} } = catalog
  return {
    catalogName: name,
    catalogType: ENGINE_TYPES[type],
    storageConfigs: shown(storageConfig),
    authConfigs: shown(authConfig),
    catalogProperties: shown(openable(type, properties, restUri)),
  }
}

/** The words that engines know. */
const ENGINE_TYPES = {
  ams: 'ams',
  // Later engines take the new name as well, earlier ones only this.
  filesystem: 'hadoop',
  hadoop: 'hadoop',
  rest: 'rest',
  hive: 'hive',
  glue: 'glue',
  custom: 'custom',
  jdbc: 'custom',
} as const satisfies Record<CatalogType, string>

/** With the class by which engines open what they have no own way to. */
function openable(type: CatalogType, properties: CatalogMap, restUri: string): CatalogMap {
  if (type === 'ams') return { uri: restUri, ...properties, 'catalog-impl': 'org.apache.iceberg.rest.RESTCatalog' }
  return type === 'jdbc' ? { 'catalog-impl': 'org.apache.iceberg.jdbc.JdbcCatalog', ...properties } : properties
}

function shown(map: CatalogMap): ReadonlyMap<string, string> {
  return new Map(Object.entries(withoutCatalogSecrets(map)))
}
