import {
  catalogMeta,
  catalogParams,
  databaseParams,
  keywordsQuery,
  listedTable,
} from '@moraine/api/rest/catalog-schemas'
import { isAllowed, isSeen } from '@moraine/management/access/grant'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { CatalogMap, ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import { databaseName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import { Type } from 'typebox'
import { withoutCatalogSecrets } from '../../catalogs/catalog-secrets.ts'
import { noSuchCatalog } from '../../catalogs/no-such-catalog.ts'
import { resolveDatabase } from '../../catalogs/resolve-database.ts'
import { type CatalogRouteDeps, catalogRoute } from './catalog-route.ts'
import { identityOf } from './guard-routes.ts'
import { type ApiServer, answers, success } from './route-types.ts'

type CatalogRoutesDeps = CatalogRouteDeps & {
  readonly stores: Pick<Stores, 'catalogs'>
  readonly listing: CatalogListing
}

export function catalogRoutes(server: ApiServer, deps: CatalogRoutesDeps): void {
  const { stores, listing } = deps
  const expectCatalog = async (name: string) => {
    const found = await stores.catalogs.findCatalog(name)
    if (found === undefined) throw noSuchCatalog(name)
  }
  server.get(
    '/catalogs',
    {
      schema: {
        tags: ['catalogs'],
        summary: 'Catalogs in which one has a role, without their secrets; settings need one on the catalog',
        response: answers(Type.Array(catalogMeta)),
      },
    },
    async (request) => {
      const { grants } = identityOf(request)
      const catalogs = (await stores.catalogs.listCatalogs()).filter(({ name }) => isSeen(grants, { catalog: name }))
      return success(catalogs.map((each) => metaOf(each, isAllowed(grants, 'view-catalog', { catalog: each.name }))))
    },
  )
  catalogRoute(
    server,
    deps,
    {
      method: 'GET',
      url: '/catalogs/:catalog/databases',
      summary: 'Databases of a catalog in which one has a role, as its metastore says now',
      params: catalogParams,
      querystring: keywordsQuery,
      result: Type.Array(Type.String()),
    },
    async ({ params: { catalog }, query, identity: { grants }, signal }) => {
      await expectCatalog(catalog)
      const databases = (await listing.listDatabases(catalog, signal))
        .filter((namespace) => isSeen(grants, { catalog, namespace }))
        .map(databaseName)
      return databases.filter((name) => name.includes(query.keywords ?? '')).sort()
    },
  )
  catalogRoute(
    server,
    deps,
    {
      method: 'GET',
      url: '/catalogs/:catalog/databases/:db/tables',
      summary: 'Tables of a database in which one has a role, as its metastore says now',
      params: databaseParams,
      querystring: keywordsQuery,
      result: Type.Array(listedTable),
    },
    async ({ params: { catalog, db }, query, identity: { grants }, open, signal }) => {
      await expectCatalog(catalog)
      const namespace = await resolveDatabase(await open(), db, signal)
      const tables = await listing.listTables(catalog, namespace, signal)
      const asked = tables
        .filter(({ name }) => isSeen(grants, { catalog, namespace, table: name }))
        .filter(({ name }) => name.includes(query.keywords ?? ''))
      return asked.map(({ name, format }) => ({ name, type: AMORO_TYPES[format] })).sort(byTypeAndName)
    },
  )
}

/** Where a catalog is, and how it is signed in to, is not for who sees a table of it. */
function metaOf({ name, type, properties, storageConfig = {}, authConfig = {} }: ManagedCatalog, isWhole: boolean) {
  const shown = (map: CatalogMap) => (isWhole ? withoutCatalogSecrets(map) : {})
  return {
    catalogName: name,
    catalogType: type,
    storageConfigs: shown(storageConfig),
    authConfigs: shown(authConfig),
    catalogProperties: shown(properties),
  }
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
