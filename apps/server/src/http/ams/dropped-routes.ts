import { catalogParams } from '@moraine/api/rest/catalog-schemas'
import { droppedPage, droppedParams, droppedQuery, droppedTable, restoreBody } from '@moraine/api/rest/dropped-schemas'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { DroppedTable, DroppedTables } from '@moraine/catalogs/dropped-tables'
import { MoraineError } from '@moraine/stdx/error'
import { type ApiServer, answers, success } from './route-types.ts'

export type DroppedRoutesDeps = {
  /** `undefined` for a name that is not registered. */
  readonly catalogs: (name: string) => Promise<Catalog | undefined>
}

/** Tables and views that were dropped and can be had back. Not in Amoro, where what is dropped is gone. */
export function droppedRoutes(server: ApiServer, { catalogs }: DroppedRoutesDeps): void {
  const tags = ['catalogs']
  const droppedOf = async (name: string): Promise<DroppedTables> => {
    const catalog = await catalogs(name)
    if (catalog === undefined) throw new MoraineError('not-found', `there is no catalog '${name}'`)
    if (catalog.dropped !== undefined) return catalog.dropped
    throw new MoraineError('unsupported', `catalog '${name}' is kept by another service, which keeps nothing dropped`)
  }
  server.get(
    '/catalogs/:catalog/dropped-tables',
    {
      schema: {
        tags,
        summary: 'Dropped tables and views that can be had back, the last dropped first',
        params: catalogParams,
        querystring: droppedQuery,
        response: answers(droppedPage),
      },
    },
    async ({ params, query }) => {
      const { items, nextPage = null } = await (await droppedOf(params.catalog)).listDropped(query.nextPage)
      return success({ list: items.map(entryOf), nextPage })
    },
  )
  server.post(
    '/catalogs/:catalog/dropped-tables/:dropId/restore',
    {
      schema: {
        tags,
        summary: 'Give a dropped table or view its name again, or another one',
        params: droppedParams,
        body: restoreBody,
        response: answers(droppedTable),
      },
    },
    async ({ params, body }) =>
      success(entryOf(await (await droppedOf(params.catalog)).restoreDropped(params.dropId, body.as))),
  )
}

function entryOf({ identifier, ...dropped }: DroppedTable) {
  return { ...dropped, namespace: [...identifier.namespace], name: identifier.name }
}
