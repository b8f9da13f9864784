import { MoraineError } from '@moraine/stdx/error'
import type { CatalogNamespaces } from '../catalog.ts'
import { namespaceExists, namespaceNotEmpty, noSuchNamespace, noSuchWarehouse } from '../catalog-error.ts'
import { cutPage, PAGE_SIZE } from '../page.ts'
import type { Properties } from '../properties.ts'
import { checkNamespace } from '../table-identifier.ts'
import { configuredLocation, namespaceFolder } from '../table-location.ts'
import type { InternalStore } from './internal-store.ts'
import { checkFolder } from './location-rules.ts'

/** The namespaces of an internal catalog. They form a tree without gaps: a parent exists before its children. */
export function internalNamespaces(store: InternalStore): CatalogNamespaces {
  const { name: catalog, pointers } = store
  const load = async (namespace: readonly string[]): Promise<Properties> => {
    checkNamespace(namespace)
    const properties = await pointers.findNamespace(catalog, namespace)
    if (properties === undefined) throw noSuchNamespace(namespace)
    return properties
  }
  return {
    async listNamespaces(parent, page) {
      if (parent.length > 0) await load(parent)
      const children = await pointers.listNamespaces(catalog, parent, {
        ...(page === undefined ? {} : { after: page }),
        limit: PAGE_SIZE + 1,
      })
      return cutPage(children, (child) => child.at(-1) ?? '')
    },

    async createNamespace(namespace, properties = {}) {
      checkNamespace(namespace)
      const parent = namespace.slice(0, -1)
      if (parent.length > 0) await load(parent)
      await checkFolder(store.locations, configuredLocation(properties))
      const outcome = await pointers.addNamespace(catalog, namespace, properties)
      if (outcome === 'exists') throw namespaceExists(namespace)
      if (outcome === 'no-parent') throw parent.length > 0 ? noSuchNamespace(parent) : noSuchWarehouse(catalog)
    },

    async dropNamespace(namespace) {
      checkNamespace(namespace)
      const outcome = await pointers.removeNamespace(catalog, namespace)
      if (outcome === 'absent') throw noSuchNamespace(namespace)
      if (outcome === 'not-empty') throw namespaceNotEmpty(namespace, 'tables or namespaces')
    },

    // Trino creates no table in a namespace that does not say where its tables go.
    async loadNamespace(namespace) {
      const properties = await load(namespace)
      return { location: namespaceFolder(store.warehouse, namespace, properties), ...properties }
    },

    async updateNamespace(namespace, { set, remove }) {
      await checkFolder(store.locations, configuredLocation(set))
      for (let attempt = 0; attempt < UPDATE_ATTEMPTS; attempt += 1) {
        const before = await load(namespace)
        const removed = new Set(remove)
        const kept = Object.entries(before).filter(([key]) => !removed.has(key))
        const after = Object.fromEntries([...kept, ...Object.entries(set)])
        if (await pointers.swapNamespaceProperties(catalog, namespace, before, after)) {
          return remove.filter((key) => !Object.hasOwn(before, key))
        }
      }
      throw new MoraineError('unavailable', `namespace ${namespace.join('.')} is being changed by others; try again`)
    },
  }
}

/** Each lost race means that somebody else's change was made. */
const UPDATE_ATTEMPTS = 10
