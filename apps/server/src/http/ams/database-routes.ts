import { catalogParams, databaseParams } from '@moraine/api/rest/catalog-schemas'
import { databaseChangeBody, databaseDefinition, newDatabaseBody } from '@moraine/api/rest/table-change-schemas'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import { databaseName } from '@moraine/management/records/table-name'
import { failAt, inside } from '@moraine/stdx/exact-json-decode'
import { withoutSecrets } from '@moraine/storage/without-secrets'
import { Type } from 'typebox'
import { demand } from '../../access/identity.ts'
import { createDatabase } from '../../catalogs/create-database.ts'
import { resolveDatabase } from '../../catalogs/resolve-database.ts'
import { readMade } from '../../requests/read-made.ts'
import { type CatalogRouteDeps, catalogRoute } from './catalog-route.ts'
import type { ApiServer } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'

const ONE = '/catalogs/:catalog/databases/:db'

/** Databases created, changed and dropped. Not in Amoro. */
export function databaseRoutes(server: ApiServer, deps: CatalogRouteDeps): void {
  createRoute(server, deps)
  showRoute(server, deps)
  changeRoute(server, deps)
  dropRoute(server, deps)
}

function createRoute(server: ApiServer, deps: CatalogRouteDeps): void {
  catalogRoute(
    server,
    deps,
    {
      method: 'POST',
      url: '/catalogs/:catalog/databases',
      summary: 'Create a database',
      params: catalogParams,
      body: newDatabaseBody,
      result: databaseDefinition,
    },
    async ({ params, body, identity, open, signal }) => {
      const namespace = typeof body.name === 'string' ? [body.name] : body.name
      // The path names the catalog alone: who may create the one database may have no role on the others.
      demand(identity, 'write-table', { catalog: params.catalog, namespace })
      const opened = await open()
      await createDatabase(opened, namespace, body.properties ?? {}, signal)
      const made = `database ${databaseName(namespace)} was created`
      return databaseBody(namespace, await readMade(made, () => opened.catalog.loadNamespace(namespace)))
    },
  )
}

function showRoute(server: ApiServer, deps: CatalogRouteDeps): void {
  catalogRoute(
    server,
    deps,
    {
      method: 'GET',
      url: ONE,
      summary: 'A database and its properties',
      params: databaseParams,
      result: databaseDefinition,
    },
    async ({ params, open, signal }) => {
      const opened = await open()
      const namespace = await resolveDatabase(opened, params.db, signal)
      return databaseBody(namespace, await opened.catalog.loadNamespace(namespace, signal))
    },
  )
}

function changeRoute(server: ApiServer, deps: CatalogRouteDeps): void {
  catalogRoute(
    server,
    deps,
    {
      method: 'POST',
      url: `${ONE}/properties`,
      summary: 'Change properties of a database',
      params: databaseParams,
      body: databaseChangeBody,
      result: databaseDefinition,
    },
    async ({ params, body, open, signal }) => {
      const { setProperties: set = {}, removeProperties: remove = [] } = body
      const both = remove.find((key) => Object.hasOwn(set, key))
      if (both !== undefined) failAt(inside(REQUEST, 'removeProperties'), `has ${both}, which is set as well`)
      const opened = await open()
      const namespace = await resolveDatabase(opened, params.db, signal)
      const { catalog } = opened
      await catalog.updateNamespace(namespace, { set, remove }, signal)
      const made = `database ${databaseName(namespace)} was changed`
      return databaseBody(namespace, await readMade(made, () => catalog.loadNamespace(namespace)))
    },
  )
}

function dropRoute(server: ApiServer, deps: CatalogRouteDeps): void {
  catalogRoute(
    server,
    deps,
    {
      method: 'DELETE',
      url: ONE,
      summary: 'Drop a database; 409 while it holds tables or databases',
      params: databaseParams,
      result: Type.Null(),
    },
    async ({ params, open, signal }) => {
      const opened = await open()
      await opened.catalog.dropNamespace(await resolveDatabase(opened, params.db, signal), signal)
      return null
    },
  )
}

function databaseBody(namespace: Namespace, properties: Readonly<Record<string, string>>) {
  return { database: databaseName(namespace), levels: [...namespace], properties: withoutSecrets(properties) }
}
