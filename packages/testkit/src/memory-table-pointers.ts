import type { InternalTable, PageRequest, Properties, TablePointers } from '@moraine/catalogs/internal/table-pointers'
import type { Namespace } from '@moraine/catalogs/table-identifier'

/** An internal catalog's pointers in memory. */
export function memoryTablePointers(): TablePointers {
  const namespaces = new Map<
    string,
    { readonly catalog: string; readonly namespace: Namespace; properties: Properties }
  >()
  const tables = new Map<string, InternalTable>()
  const namespaceKey = (catalog: string, namespace: Namespace) => JSON.stringify([catalog, ...namespace])
  const tableKey = (catalog: string, namespace: Namespace, name: string) => JSON.stringify([catalog, namespace, name])
  const keyOf = (table: InternalTable) => tableKey(table.catalog, table.namespace, table.name)
  const inNamespace = (catalog: string, namespace: Namespace) =>
    [...tables.values()].filter(
      (table) => namespaceKey(table.catalog, table.namespace) === namespaceKey(catalog, namespace),
    )
  const children = (catalog: string, parent: Namespace) =>
    [...namespaces.values()]
      .filter(
        (each) =>
          each.namespace.length === parent.length + 1 &&
          namespaceKey(each.catalog, each.namespace.slice(0, -1)) === namespaceKey(catalog, parent),
      )
      .map(({ namespace }) => namespace)

  // No method waits between its look and its leap, so each is atomic.
  return {
    listNamespaces: async (catalog, parent, page) =>
      sortedPage(children(catalog, parent), (each) => each.at(-1) ?? '', page),
    findNamespace: async (catalog, namespace) => namespaces.get(namespaceKey(catalog, namespace))?.properties,
    async addNamespace(catalog, namespace, properties) {
      const key = namespaceKey(catalog, namespace)
      if (namespaces.has(key)) return false
      namespaces.set(key, { catalog, namespace, properties })
      return true
    },
    async swapNamespaceProperties(catalog, namespace, expected, properties) {
      const found = namespaces.get(namespaceKey(catalog, namespace))
      if (found === undefined || canonical(found.properties) !== canonical(expected)) return false
      found.properties = properties
      return true
    },
    async removeNamespace(catalog, namespace) {
      if (!namespaces.has(namespaceKey(catalog, namespace))) return 'absent'
      if (inNamespace(catalog, namespace).length > 0 || children(catalog, namespace).length > 0) return 'not-empty'
      namespaces.delete(namespaceKey(catalog, namespace))
      return 'removed'
    },
    listPointers: async (catalog, namespace, page) =>
      sortedPage(inNamespace(catalog, namespace), ({ name }) => name, page),
    findPointer: async (catalog, namespace, name) => tables.get(tableKey(catalog, namespace, name)),
    async addPointer(table) {
      if (!namespaces.has(namespaceKey(table.catalog, table.namespace))) return 'no-namespace'
      if (tables.has(keyOf(table))) return 'exists'
      tables.set(keyOf(table), table)
      return 'added'
    },
    async swapPointer(table, next) {
      if (tables.get(keyOf(table))?.metadataLocation !== table.metadataLocation) return false
      tables.set(keyOf(table), { ...table, metadataLocation: next })
      return true
    },
    async renamePointer(table, to) {
      const found = tables.get(keyOf(table))
      if (found === undefined) return 'absent'
      if (!namespaces.has(namespaceKey(table.catalog, to.namespace))) return 'no-namespace'
      const renamed = { ...found, ...to }
      if (tables.has(keyOf(renamed))) return 'exists'
      tables.delete(keyOf(found))
      tables.set(keyOf(renamed), renamed)
      return 'renamed'
    },
    removePointer: async (catalog, namespace, name) => tables.delete(tableKey(catalog, namespace, name)),
  }
}

function sortedPage<T>(items: readonly T[], name: (item: T) => string, { after, limit }: PageRequest) {
  return items
    .filter((item) => after === undefined || name(item) > after)
    .sort((a, b) => (name(a) < name(b) ? -1 : 1))
    .slice(0, limit)
}

function canonical(properties: Properties): string {
  return JSON.stringify(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)))
}
