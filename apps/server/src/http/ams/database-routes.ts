import { catalogParams, databaseParams } from '@moraine/api/rest/catalog-schemas'
import { databaseChangeBody, databaseDefinition, newDatabaseBody } from '@moraine/api/rest/table-change-schemas'
import { checkNamespace, type Namespace } from '@moraine/catalogs/table-identifier'
import { databaseName } from '@moraine/management/tables/table-name'
import { MoraineError } from '@moraine/stdx/error'
import { failAt, inside } from '@moraine/stdx/exact-json-decode'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import { Type } from 'typebox'
import type { DefinitionRoutesDeps } from './definition-routes.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { resolveDatabase } from './resolve-database.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'

const tags = ['catalogs']
const ONE = '/catalogs/:catalog/databases/:db'

/** Databases created, changed and dropped. Not in Amoro. */
export function databaseRoutes(server: ApiServer, { openCatalog }: Pick<DefinitionRoutesDeps, 'openCatalog'>): void {
  server.post(
    '/catalogs/:catalog/databases',
    {
      schema: {
        tags,
        summary: 'Create a database',
        params: catalogParams,
        body: newDatabaseBody,
        response: answers(databaseDefinition),
      },
    },
    async ({ params, body }) => {
      refuseUnknownFields(body, newDatabaseBody, REQUEST)
      const { catalog, filter } = await openCatalog(params.catalog)
      const namespace = typeof body.name === 'string' ? [body.name] : body.name
      checkNamespace(namespace)
      if (!filter.acceptsDatabase(namespace)) {
        const text = `name: the database-filter of catalog '${params.catalog}' hides ${databaseName(namespace)}`
        throw new MoraineError('invalid-input', text)
      }
      await catalog.createNamespace(namespace, body.properties ?? {})
      return success(databaseBody(namespace, await catalog.loadNamespace(namespace)))
    },
  )
  server.get(
    ONE,
    {
      schema: {
        tags,
        summary: 'A database and its properties',
        params: databaseParams,
        response: answers(databaseDefinition),
      },
    },
    async ({ params }) => {
      const opened = await openCatalog(params.catalog)
      const namespace = await resolveDatabase(opened, params.db)
      return success(databaseBody(namespace, await opened.catalog.loadNamespace(namespace)))
    },
  )
  server.post(
    `${ONE}/properties`,
    {
      schema: {
        tags,
        summary: 'Change properties of a database',
        params: databaseParams,
        body: databaseChangeBody,
        response: answers(databaseDefinition),
      },
    },
    async ({ params, body }) => {
      refuseUnknownFields(body, databaseChangeBody, REQUEST)
      const { setProperties: set = {}, removeProperties: remove = [] } = body
      const both = remove.find((key) => Object.hasOwn(set, key))
      if (both !== undefined) failAt(inside(REQUEST, 'removeProperties'), `has ${both}, which is set as well`)
      const opened = await openCatalog(params.catalog)
      const namespace = await resolveDatabase(opened, params.db)
      await opened.catalog.updateNamespace(namespace, { set, remove })
      return success(databaseBody(namespace, await opened.catalog.loadNamespace(namespace)))
    },
  )
  server.delete(
    ONE,
    {
      schema: {
        tags,
        summary: 'Drop a database; 409 while it holds tables or databases',
        params: databaseParams,
        response: answers(Type.Null()),
      },
    },
    async ({ params }) => {
      const opened = await openCatalog(params.catalog)
      await opened.catalog.dropNamespace(await resolveDatabase(opened, params.db))
      return success(null)
    },
  )
}

function databaseBody(namespace: Namespace, properties: Readonly<Record<string, string>>) {
  return { database: databaseName(namespace), levels: [...namespace], properties: withoutSecrets(properties) }
}
