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
import type { Catalog } from '@moraine/catalogs/catalog'
import { checkIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { MoraineError } from '@moraine/stdx/error'
import type { IcebergRestHooks } from '../../iceberg-rest/iceberg-rest-hooks.ts'
import { definitionBody } from './definition-body.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { type FilteredCatalog, resolveDatabase } from './resolve-database.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { commitChange } from './table-change/commit-change.ts'
import { planNewTable } from './table-change/plan-new-table.ts'
import { REQUEST } from './table-change/plan-table-change.ts'

export type DefinitionRoutesDeps = {
  /** @throws {MoraineError} `not-found` for a name that is not registered */
  readonly openCatalog: (name: string) => Promise<FilteredCatalog>
  /** Told of what was done. */
  readonly hooks: Pick<IcebergRestHooks, 'onCommit' | 'onDrop' | 'onRename'>
}

const tags = ['catalogs']
const ALL = '/catalogs/:catalog/databases/:db/tables'
const ONE = `${ALL}/:table`

/** Tables created, looked at, changed, renamed and dropped in their catalog, managed yet or not. Not in Amoro. */
export function definitionRoutes(server: ApiServer, deps: DefinitionRoutesDeps): void {
  createRoute(server, deps)
  changeRoutes(server, deps)
  nameRoutes(server, deps)
}

function createRoute(server: ApiServer, { openCatalog, hooks }: DefinitionRoutesDeps): void {
  server.post(
    ALL,
    {
      schema: {
        tags,
        summary: 'Create a table',
        params: databaseParams,
        body: newTableBody,
        response: answers(tableDefinition),
      },
    },
    async ({ params, body }) => {
      refuseUnknownFields(body, newTableBody, REQUEST)
      const table = planNewTable(body)
      const opened = await openCatalog(params.catalog)
      const identifier = { namespace: await resolveDatabase(opened, params.db), name: body.name }
      checkIdentifier(identifier)
      checkShown(opened, identifier)
      const created = await opened.catalog.createTable(identifier, table)
      hooks.onCommit?.({ catalog: params.catalog, identifier, metadataLocation: created.metadataLocation })
      return success(definitionBody(params.catalog, created))
    },
  )
}

function changeRoutes(server: ApiServer, { openCatalog, hooks }: DefinitionRoutesDeps): void {
  server.get(
    ONE,
    {
      schema: {
        tags,
        summary: 'What defines a table: columns, partitioning, sort order and properties',
        params: tableParams,
        response: answers(tableDefinition),
      },
    },
    async ({ params }) => {
      const { catalog, identifier } = await reach(await openCatalog(params.catalog), params)
      return success(definitionBody(params.catalog, await catalog.loadTable(identifier)))
    },
  )
  server.post(
    ONE,
    {
      schema: {
        tags,
        summary: 'Change columns, partitioning, sort order, properties and comment, in one commit',
        description: '409 if somebody else changed meanwhile what the change rests on.',
        params: tableParams,
        body: tableChangeBody,
        response: answers(tableDefinition),
      },
    },
    async ({ params, body }) => {
      refuseUnknownFields(body, tableChangeBody, REQUEST)
      const { catalog, identifier } = await reach(await openCatalog(params.catalog), params)
      const { table, isChanged } = await commitChange(catalog, identifier, body)
      const { metadataLocation } = table
      if (isChanged) hooks.onCommit?.({ catalog: params.catalog, identifier, metadataLocation })
      return success(definitionBody(params.catalog, table))
    },
  )
}

function nameRoutes(server: ApiServer, { openCatalog, hooks }: DefinitionRoutesDeps): void {
  server.post(
    `${ONE}/rename`,
    {
      schema: {
        tags,
        summary: 'Give a table another name in its database',
        params: tableParams,
        body: renameTableBody,
        response: answers(tableDefinition),
      },
    },
    async ({ params, body }) => {
      refuseUnknownFields(body, renameTableBody, REQUEST)
      const opened = await openCatalog(params.catalog)
      const { catalog, identifier: from } = await reach(opened, params)
      const to = { namespace: from.namespace, name: body.name }
      checkIdentifier(to)
      checkShown(opened, to)
      await catalog.renameTable(from, to)
      hooks.onRename?.({ catalog: params.catalog, from, to })
      return success(definitionBody(params.catalog, await catalog.loadTable(to)))
    },
  )
  server.delete(
    ONE,
    {
      schema: {
        tags,
        summary: 'Drop a table; a catalog of this service keeps it for a time, to be restored',
        params: tableParams,
        querystring: dropTableQuery,
        response: answers(dropTableResult),
      },
    },
    async ({ params, query: { purge } }) => {
      const { catalog, identifier } = await reach(await openCatalog(params.catalog), params)
      const result = await drop(catalog, identifier, purge)
      hooks.onDrop?.({ catalog: params.catalog, identifier, purgeRequested: purge })
      return success(result)
    },
  )
}

async function drop(catalog: Catalog, identifier: TableIdentifier, purge: boolean) {
  if (catalog.dropped !== undefined) {
    const { dropId, purgeAt, purgesFiles } = await catalog.dropped.dropTable(identifier, { purge })
    return { dropId, purgeAt, purgesFiles }
  }
  if (purge && catalog.purgeTable !== undefined) {
    await catalog.purgeTable(identifier)
    return { dropId: null, purgeAt: null, purgesFiles: true }
  }
  if (purge) {
    const text = `catalog '${catalog.name}' leaves the files of dropped tables to others`
    throw new MoraineError('unsupported', `${text}; drop the table without purge`)
  }
  await catalog.dropTable(identifier)
  return { dropId: null, purgeAt: null, purgesFiles: false }
}

/** A table that its catalog's filter hides would be gone as soon as it is made. */
function checkShown({ catalog, filter }: FilteredCatalog, { namespace, name }: TableIdentifier): void {
  if (filter.acceptsTable(namespace, name)) return
  throw new MoraineError('invalid-input', `name: the table-filter of catalog '${catalog.name}' hides ${name}`)
}

async function reach(opened: FilteredCatalog, { db, table }: TableParams) {
  const identifier = { namespace: await resolveDatabase(opened, db), name: table }
  if (opened.filter.acceptsTable(identifier.namespace, table)) return { catalog: opened.catalog, identifier }
  throw new MoraineError('not-found', `there is no table '${table}' in database '${db}'`)
}
