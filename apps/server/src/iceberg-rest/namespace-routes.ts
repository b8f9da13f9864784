import type { Properties } from '@moraine/catalogs/properties'
import { decodeNamespaceBody, decodeNamespaceChange } from '@moraine/catalogs/rest/rest-json'
import { isSeen } from '@moraine/management/access/grant'
import { demand, demandSight } from '../access/identity.ts'
import { readMade } from '../requests/read-made.ts'
import { listPage } from './list-page.ts'
import { encodeRestError } from './rest-error.ts'
import { bodyOf, NO_CONTENT, namespaceOf, ok, type RestCall, type RestRoute, splitNamespace } from './rest-route.ts'

const ALL = '/v1/{prefix}/namespaces'
const ONE = `${ALL}/{namespace}`

export const NAMESPACE_ROUTES: readonly RestRoute[] = [
  {
    method: 'GET',
    path: ALL,
    needs: 'see',
    async answer(call) {
      const parent = splitNamespace(call.query['parent'] ?? '')
      demandSight(call.identity, { catalog: call.catalog.name, ...(parent.length > 0 && { namespace: parent }) })
      const { items, next } = await listPage(call, ['namespaces', ...parent], (page) =>
        call.catalog.listNamespaces(parent, page, call.signal),
      )
      const { catalog, identity } = call
      const seen = items.filter((namespace) => isSeen(identity.grants, { catalog: catalog.name, namespace }))
      return ok({ namespaces: seen, 'next-page-token': next })
    },
  },
  {
    method: 'POST',
    path: ALL,
    needs: 'see',
    async answer(call) {
      const { namespace, properties } = bodyOf(call, decodeNamespaceBody)
      demand(call.identity, 'write-table', { catalog: call.catalog.name, namespace })
      await call.catalog.createNamespace(namespace, withoutSparks(properties, call), call.signal)
      const created = await readMade(`namespace ${namespace.join('.')} was created`, () =>
        call.catalog.loadNamespace(namespace, call.signal),
      )
      return ok({ namespace, properties: created })
    },
  },
  {
    method: 'HEAD',
    path: ONE,
    needs: 'see',
    async answer(call) {
      await call.catalog.loadNamespace(namespaceOf(call), call.signal)
      return NO_CONTENT
    },
  },
  {
    method: 'GET',
    path: ONE,
    needs: 'see',
    async answer(call) {
      const namespace = namespaceOf(call)
      return ok({ namespace, properties: await call.catalog.loadNamespace(namespace, call.signal) })
    },
  },
  {
    method: 'DELETE',
    path: ONE,
    needs: 'write-table',
    async answer(call) {
      await call.catalog.dropNamespace(namespaceOf(call), call.signal)
      return NO_CONTENT
    },
  },
  {
    method: 'POST',
    path: `${ONE}/properties`,
    needs: 'write-table',
    async answer(call) {
      const change = bodyOf(call, decodeNamespaceChange)
      const both = change.remove.find((key) => Object.hasOwn(change.set, key))
      if (both !== undefined) {
        const message = `property ${both} is both to be set and to be removed`
        const error = { status: 422, type: 'UnprocessableEntityException', message }
        return { status: error.status, json: encodeRestError(error) }
      }
      const missing = new Set(await call.catalog.updateNamespace(namespaceOf(call), change, call.signal))
      return ok({
        updated: Object.keys(change.set),
        removed: change.remove.filter((key) => !missing.has(key)),
        missing: [...missing],
      })
    },
  },
]

/**
 * Folders have no properties, and Spark gives each namespace that it creates an `owner`: who runs it. Where that is all, it
 * is left out, as Iceberg does for its own catalogs of folders; what somebody asked for besides is refused with it.
 */
function withoutSparks(properties: Properties, { placement }: Pick<RestCall, 'placement'>): Properties {
  const isFolder = placement.type === 'filesystem' || placement.type === 'hadoop'
  return isFolder && Object.keys(properties).join() === 'owner' ? {} : properties
}
