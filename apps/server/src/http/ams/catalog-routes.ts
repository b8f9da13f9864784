import {
  catalogMeta,
  catalogParams,
  databaseParams,
  keywordsQuery,
  listedTable,
} from '@moraine/api/rest/catalog-schemas'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { Stores } from '@moraine/management/store/stores'
import { databaseName } from '@moraine/management/tables/table-name'
import { MoraineError } from '@moraine/stdx/error'
import { Type } from 'typebox'
import { withoutCatalogSecrets } from '../../catalogs/catalog-secrets.ts'
import type { DefinitionRoutesDeps } from './definition-routes.ts'
import { resolveDatabase } from './resolve-database.ts'
import { type ApiServer, answers, success } from './route-types.ts'

type CatalogRoutesDeps = Pick<DefinitionRoutesDeps, 'openCatalog'> & {
  readonly stores: Pick<Stores, 'catalogs'>
  readonly listing: CatalogListing
}

export function catalogRoutes(server: ApiServer, { stores, listing, openCatalog }: CatalogRoutesDeps): void {
  const tags = ['catalogs']
  const expectCatalog = async (name: string) => {
    const found = await stores.catalogs.findCatalog(name)
    if (found === undefined) throw new MoraineError('not-found', `there is no catalog '${name}'`)
  }
  server.get(
    '/catalogs',
    { schema: { tags, summary: 'All catalogs, without their secrets', response: answers(Type.Array(catalogMeta)) } },
    async () => {
      const catalogs = await stores.catalogs.listCatalogs()
      return success(
        catalogs.map(({ name, type, properties, storageConfig = {}, authConfig = {} }) => ({
          catalogName: name,
          catalogType: type,
          storageConfigs: withoutCatalogSecrets(storageConfig),
          authConfigs: withoutCatalogSecrets(authConfig),
          catalogProperties: withoutCatalogSecrets(properties),
        })),
      )
    },
  )
  server.get(
    '/catalogs/:catalog/databases',
    {
      schema: {
        tags,
        summary: 'Databases of a catalog, as its metastore says now',
        params: catalogParams,
        querystring: keywordsQuery,
        response: answers(Type.Array(Type.String())),
      },
    },
    async ({ params, query }) => {
      await expectCatalog(params.catalog)
      const databases = (await listing.listDatabases(params.catalog)).map(databaseName)
      return success(databases.filter((name) => name.includes(query.keywords ?? '')).sort())
    },
  )
  server.get(
    '/catalogs/:catalog/databases/:db/tables',
    {
      schema: {
        tags,
        summary: 'Tables of a database, as its metastore says now',
        params: databaseParams,
        querystring: keywordsQuery,
        response: answers(Type.Array(listedTable)),
      },
    },
    async ({ params, query }) => {
      await expectCatalog(params.catalog)
      const database = await resolveDatabase(await openCatalog(params.catalog), params.db)
      const tables = await listing.listTables(params.catalog, database)
      const asked = tables.filter(({ name }) => name.includes(query.keywords ?? ''))
      return success(asked.map(({ name, format }) => ({ name, type: AMORO_TYPES[format] })).sort(byTypeAndName))
    },
  )
}

/** As Amoro sorts them. */
function byTypeAndName(a: { readonly type: string; readonly name: string }, b: typeof a): number {
  if (a.type !== b.type) return a.type < b.type ? -1 : 1
  return a.name < b.name ? -1 : 1
}

/** Amoro's list shows both mixed formats under their old name. */
const AMORO_TYPES = {
  ICEBERG: 'ICEBERG',
  MIXED_ICEBERG: 'ARCTIC',
  MIXED_HIVE: 'ARCTIC',
  PAIMON: 'PAIMON',
  HUDI: 'HUDI',
} as const
