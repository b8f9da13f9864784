import { databaseParams } from '@moraine/api/rest/catalog-schemas'
import {
  dropTableQuery,
  dropTableResult,
  newTableBody,
  renameTableBody,
  tableChangeBody,
  tableDefinition,
} from '@moraine/api/rest/table-change-schemas'
import { type TableParams, tableParams } from '@moraine/api/rest/table-schemas'
import { checkIdentifier, formatIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { MoraineError } from '@moraine/stdx/error'
import { dropAsAsked } from '../../catalogs/drop-as-asked.ts'
import type { OpenedCatalog } from '../../catalogs/open-catalogs.ts'
import { resolveDatabase } from '../../catalogs/resolve-database.ts'
import { resolveTable } from '../../catalogs/resolve-table.ts'
import { readMade } from '../../requests/read-made.ts'
import { type CatalogRouteDeps, catalogRoute } from './catalog-route.ts'
import { definitionBody } from './definition-body.ts'
import type { ApiServer } from './route-types.ts'
import { commitChange } from './table-change/commit-change.ts'
import { planNewTable } from './table-change/plan-new-table.ts'

const ALL = '/catalogs/:catalog/databases/:db/tables'
const ONE = `${ALL}/:table` as const

/** Tables created, looked at, changed, renamed and dropped in their catalog, managed yet or not. Not in Amoro. */
export function definitionRoutes(server: ApiServer, deps: CatalogRouteDeps): void {
  createRoute(server, deps)
  changeRoutes(server, deps)
  nameRoutes(server, deps)
}

function createRoute(server: ApiServer, deps: CatalogRouteDeps): void {
  catalogRoute(
    server,
    deps,
    {
      method: 'POST',
      url: ALL,
      summary: 'Create a table',
      params: databaseParams,
      body: newTableBody,
      result: tableDefinition,
    },
    async ({ params, body, open, signal }) => {
      const table = planNewTable(body)
      const opened = await open()
      const identifier = { namespace: await resolveDatabase(opened, params.db, signal), name: body.name }
      checkIdentifier(identifier)
      checkShown(opened, identifier)
      return definitionBody(params.catalog, await opened.catalog.createTable(identifier, table, signal))
    },
  )
}

function changeRoutes(server: ApiServer, deps: CatalogRouteDeps): void {
  catalogRoute(
    server,
    deps,
    {
      method: 'GET',
      url: ONE,
      summary: 'What defines a table: columns, partitioning, sort order and properties',
      params: tableParams,
      result: tableDefinition,
    },
    async ({ params, open, signal }) => {
      const { catalog, identifier } = await reach(await open(), params, signal)
      return definitionBody(params.catalog, await catalog.loadTable(identifier, signal))
    },
  )
  catalogRoute(
    server,
    deps,
    {
      method: 'POST',
      url: ONE,
      summary: 'Change columns, partitioning, sort order, properties and comment, in one commit',
      description: '409 if somebody else changed meanwhile what the change rests on.',
      params: tableParams,
      body: tableChangeBody,
      result: tableDefinition,
    },
    async ({ params, body, open, signal }) => {
      const { catalog, identifier } = await reach(await open(), params, signal)
      return definitionBody(params.catalog, await commitChange(catalog, identifier, body, signal))
    },
  )
}

function nameRoutes(server: ApiServer, deps: CatalogRouteDeps): void {
  catalogRoute(
    server,
    deps,
    {
      method: 'POST',
      url: `${ONE}/rename`,
      summary: 'Give a table another name in its database',
      params: tableParams,
      body: renameTableBody,
      result: tableDefinition,
    },
    async ({ params, body, open, signal }) => {
      const opened = await open()
      const { catalog, identifier: from } = await reach(opened, params, signal)
      const to = { namespace: from.namespace, name: body.name }
      checkIdentifier(to)
      checkShown(opened, to)
      await catalog.renameTable(from, to, signal)
      const made = `table ${formatIdentifier(from)} was renamed to ${to.name}`
      return definitionBody(params.catalog, await readMade(made, () => catalog.loadTable(to)))
    },
  )
  catalogRoute(
    server,
    deps,
    {
      method: 'DELETE',
      url: ONE,
      summary: 'Drop a table; a catalog of this service keeps it for a time, to be restored',
      params: tableParams,
      querystring: dropTableQuery,
      result: dropTableResult,
    },
    async ({ params, query, open, signal }) => {
      const { catalog, identifier } = await reach(await open(), params, signal)
      const { kept, purgesFiles } = await dropAsAsked(catalog, identifier, query.purge, signal)
      return { dropId: kept?.dropId ?? null, purgeAt: kept?.purgeAt ?? null, purgesFiles }
    },
  )
}

/** A table that its catalog's filter hides would be gone as soon as it is made. */
function checkShown({ catalog, filter }: OpenedCatalog, { namespace, name }: TableIdentifier): void {
  if (filter.acceptsTable(namespace, name)) return
  throw new MoraineError('invalid-input', `name: the table-filter of catalog '${catalog.name}' hides ${name}`)
}

async function reach(opened: OpenedCatalog, params: TableParams, signal: AbortSignal) {
  return { catalog: opened.catalog, identifier: await resolveTable(opened, params, signal) }
}
