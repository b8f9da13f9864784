import { catalogParams } from '@moraine/api/rest/catalog-schemas'
import {
  droppedPage,
  droppedParams,
  droppedQuery,
  droppedTable,
  purgeBody,
  restoreBody,
} from '@moraine/api/rest/dropped-schemas'
import type { DroppedTable, DroppedTables } from '@moraine/catalogs/dropped-tables'
import { isSeen } from '@moraine/management/access/grant'
import type { CatalogType } from '@moraine/management/catalogs/managed-catalog'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { demand, type Identity } from '../../access/identity.ts'
import type { OpenedCatalog } from '../../catalogs/open-catalogs.ts'
import { PURGE_INTERVAL_MS } from '../../table-work/purge-dropped.ts'
import { type CatalogRouteDeps, catalogRoute } from './catalog-route.ts'
import type { ApiServer } from './route-types.ts'

export type DroppedRouteDeps = CatalogRouteDeps & { readonly clock: Pick<Clock, 'now'> }

/** Tables and views that were dropped and can be had back. Not in Amoro, where what is dropped is gone. */
export function droppedRoutes(server: ApiServer, deps: DroppedRouteDeps): void {
  const entryOf = entryAt(deps.clock)
  purgeRoute(server, deps)
  catalogRoute(
    server,
    deps,
    {
      method: 'GET',
      url: '/catalogs/:catalog/dropped-tables',
      summary: 'Dropped tables and views that can be had back, the last dropped first',
      description: 'Those in which one has a role: a page may have fewer than the next one.',
      params: catalogParams,
      querystring: droppedQuery,
      result: droppedPage,
    },
    async ({ params, query, identity, open }) => {
      const { items, nextPage = null } = await droppedOf(params.catalog, await open()).listDropped(query.nextPage)
      const seen = items.filter(({ identifier: { namespace, name } }) =>
        isSeen(identity.grants, { catalog: params.catalog, namespace, table: name }),
      )
      return { list: seen.map(entryOf), nextPage, purgeIntervalMs: PURGE_INTERVAL_MS }
    },
  )
  catalogRoute(
    server,
    deps,
    {
      method: 'POST',
      url: '/catalogs/:catalog/dropped-tables/:dropId/restore',
      summary: 'Give a dropped table or view its name again, or another one',
      params: droppedParams,
      body: restoreBody,
      // All that it can say is optional.
      isBodyOptional: true,
      result: droppedTable,
    },
    async ({ params, body, identity, open }) => {
      const { catalog, dropId } = params
      const judge = judgeWrite(identity, catalog)
      const dropped = droppedOf(catalog, await open())
      if (body.as !== undefined) judge({ identifier: body.as })
      return entryOf(await dropped.restoreDropped(dropId, body.as, judge).catch(sayHowToGoOn))
    },
  )
}

function purgeRoute(server: ApiServer, deps: DroppedRouteDeps): void {
  const entryOf = entryAt(deps.clock)
  catalogRoute(
    server,
    deps,
    {
      method: 'POST',
      url: '/catalogs/:catalog/dropped-tables/:dropId/purge',
      summary: 'Purge a dropped table or view now, which nobody can have back then',
      description: 'It is forgotten, and its files are removed if they are to be, within about a minute.',
      params: droppedParams,
      body: purgeBody,
      isBodyOptional: true,
      result: droppedTable,
    },
    async ({ params, body, identity, open }) => {
      const { catalog, dropId } = params
      const judge = judgeWrite(identity, catalog)
      return entryOf(await droppedOf(catalog, await open()).purgeNow(dropId, body, judge))
    },
  )
}

/** Who may write a table may drop it, and so may have it back, or gone. */
function judgeWrite(identity: Identity, catalog: string) {
  return ({ identifier: { namespace, name } }: Pick<DroppedTable, 'identifier'>) =>
    demand(identity, 'write-table', { catalog, namespace, table: name })
}

function droppedOf(name: string, { catalog, placement }: OpenedCatalog): DroppedTables {
  if (catalog.dropped !== undefined) return catalog.dropped
  throw new MoraineError('unsupported', `catalog '${name}' ${WITHOUT_DROPPED[placement.type]}`)
}

const POINTED = `keeps nothing that was dropped: a table's files stay, and its last metadata file gives it its name again when it is registered`
const FOLDERS = `keeps no list of what was dropped: a table's metadata folder has a copy of its last state, dropped-vVERSION-ID.json, which gives it its name again when it is registered`

/** What becomes of a dropped table in catalogs that do not keep it for a time. */
const WITHOUT_DROPPED = {
  ams: 'keeps nothing that was dropped',
  filesystem: FOLDERS,
  hadoop: FOLDERS,
  hive: POINTED,
  glue: POINTED,
  jdbc: POINTED,
  rest: 'is kept by another service: only there can be seen whether it has what was dropped',
  custom: 'is kept by a module that keeps nothing that was dropped',
} as const satisfies Record<CatalogType, string>

function sayHowToGoOn(error: unknown): never {
  const isTaken = isKind(error, 'already-exists')
  if (!isTaken && !(isKind(error, 'not-found') && error.context['entity'] === 'namespace')) throw error
  const remedy = isTaken
    ? 'restore it under another name (as; with moraine table undrop: --as), or rename what has this one first'
    : 'create the namespace first, or restore it under a name in another one (as; with moraine table undrop: --as)'
  throw new MoraineError(error.kind, `${error.message}; nothing was restored: ${remedy}`, {
    cause: error,
    context: error.context,
  })
}

function entryAt(clock: DroppedRouteDeps['clock']) {
  return ({ identifier, ...dropped }: DroppedTable) => {
    const isDue = dropped.purgeAt <= clock.now()
    return { ...dropped, namespace: [...identifier.namespace], name: identifier.name, isDue }
  }
}
