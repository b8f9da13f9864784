import type { DroppedPointer } from '@moraine/catalogs/internal/dropped-pointers'
import type { InternalPointer, PageRequest, PointerChange, Properties } from '@moraine/catalogs/internal/table-pointers'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import type { ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import { propertiesText } from '@moraine/management/catalogs/properties-text'
import type { Stores } from '@moraine/management/store/stores'

type MemoryNamespace = { readonly catalog: string; readonly namespace: Namespace; properties: Properties }

export function memoryCatalogs(): Pick<Stores, 'catalogs' | 'pointers' | 'drops'> {
  const catalogs = new Map<string, ManagedCatalog>()
  return {
    catalogs: {
      async listCatalogs() {
        return [...catalogs.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
      },
      async findCatalog(name) {
        return catalogs.get(name)
      },
      async saveCatalog(catalog) {
        const before = catalogs.get(catalog.name)
        catalogs.set(catalog.name, before === undefined ? catalog : { ...catalog, type: before.type })
      },
      async removeCatalog(name) {
        catalogs.delete(name)
      },
    },
    ...memoryPointers(),
  }
}

function memoryPointers(): Pick<Stores, 'pointers' | 'drops'> {
  const namespaces = new Map<string, MemoryNamespace>()
  const tables = new Map<string, InternalPointer>()
  const tablesIn = (catalog: string, namespace: Namespace) =>
    [...tables.values()].filter((table) => table.catalog === catalog && same(table.namespace, namespace))
  const childrenOf = (catalog: string, parent: Namespace) =>
    [...namespaces.values()].filter(
      ({ catalog: own, namespace }) =>
        own === catalog &&
        namespace.length === parent.length + 1 &&
        parent.every((level, index) => namespace[index] === level),
    )
  const pointers: Stores['pointers'] = {
    async listNamespaces(catalog, parent, page) {
      const named = childrenOf(catalog, parent).map(({ namespace }) => ({ name: namespace.at(-1) ?? '', namespace }))
      return paged(named, page).map(({ namespace }) => namespace)
    },
    async findNamespace(catalog, namespace) {
      return namespaces.get(key(catalog, namespace))?.properties
    },
    async addNamespace(catalog, namespace, properties) {
      if (namespaces.has(key(catalog, namespace))) return false
      namespaces.set(key(catalog, namespace), { catalog, namespace, properties })
      return true
    },
    async swapNamespaceProperties(catalog, namespace, expected, properties) {
      const entry = namespaces.get(key(catalog, namespace))
      if (entry === undefined || propertiesText(entry.properties) !== propertiesText(expected)) return false
      entry.properties = properties
      return true
    },
    async removeNamespace(catalog, namespace) {
      if (!namespaces.has(key(catalog, namespace))) return 'absent'
      if (tablesIn(catalog, namespace).length > 0 || childrenOf(catalog, namespace).length > 0) return 'not-empty'
      namespaces.delete(key(catalog, namespace))
      return 'removed'
    },
    async listPointers(catalog, namespace, kind, page) {
      return paged(
        tablesIn(catalog, namespace).filter((each) => each.kind === kind),
        page,
      )
    },
    async findPointer(catalog, namespace, name) {
      return tables.get(key(catalog, namespace, name))
    },
    async addPointer(table) {
      if (!namespaces.has(key(table.catalog, table.namespace))) return 'no-namespace'
      if (tables.has(key(table.catalog, table.namespace, table.name))) return 'exists'
      tables.set(key(table.catalog, table.namespace, table.name), table)
      return 'added'
    },
    async swapPointer(table, next) {
      const own = key(table.catalog, table.namespace, table.name)
      if (tables.get(own)?.metadataLocation !== table.metadataLocation) return false
      tables.set(own, { ...table, metadataLocation: next })
      return true
    },
    async changePointers(changes) {
      const standsAs = ({ before, after }: PointerChange) =>
        before === undefined
          ? namespaces.has(key(after.catalog, after.namespace)) && !tables.has(keyOf(after))
          : tables.get(keyOf(before))?.metadataLocation === before.metadataLocation
      if (!changes.every(standsAs)) return false
      for (const { after } of changes) tables.set(keyOf(after), after)
      return true
    },
    async renamePointer(table, to) {
      const from = tables.get(key(table.catalog, table.namespace, table.name))
      if (from === undefined) return 'absent'
      if (!namespaces.has(key(table.catalog, to.namespace))) return 'no-namespace'
      if (tables.has(key(table.catalog, to.namespace, to.name))) return 'exists'
      tables.delete(key(table.catalog, table.namespace, table.name))
      tables.set(key(table.catalog, to.namespace, to.name), { ...from, ...to })
      return 'renamed'
    },
    async removePointer(catalog, namespace, name, kind) {
      const own = key(catalog, namespace, name)
      return tables.get(own)?.kind === kind && tables.delete(own)
    },
  }
  return { pointers, drops: memoryDrops(namespaces, tables) }
}

function memoryDrops(
  namespaces: ReadonlyMap<string, MemoryNamespace>,
  tables: Map<string, InternalPointer>,
): Stores['drops'] {
  const drops = new Map<string, DroppedPointer>()
  const found = (catalog: string, dropId: string) => {
    const dropped = drops.get(dropId)
    return dropped?.catalog === catalog ? dropped : undefined
  }
  return {
    async dropPointer(pointer, drop) {
      const own = tables.get(key(pointer.catalog, pointer.namespace, pointer.name))
      if (own?.kind !== pointer.kind) return undefined
      const dropped = { ...own, ...drop }
      tables.delete(keyOf(own))
      drops.set(drop.dropId, dropped)
      return dropped
    },
    async listDropped(catalog, { offset, limit }) {
      return [...drops.values()]
        .filter((each) => each.catalog === catalog)
        .sort((a, b) => b.droppedAt - a.droppedAt || (a.dropId < b.dropId ? -1 : 1))
        .slice(offset, offset + limit)
    },
    async findDropped(catalog, dropId) {
      return found(catalog, dropId)
    },
    async restoreDropped(catalog, dropId, to) {
      const dropped = found(catalog, dropId)
      if (dropped === undefined) return 'absent'
      if (!namespaces.has(key(catalog, to.namespace))) return 'no-namespace'
      if (tables.has(key(catalog, to.namespace, to.name))) return 'exists'
      const { kind, metadataLocation } = dropped
      tables.set(key(catalog, to.namespace, to.name), { kind, catalog, metadataLocation, ...to })
      drops.delete(dropId)
      return 'restored'
    },
    async listDueDrops(now, limit) {
      return [...drops.values()]
        .filter(({ purgeAt }) => purgeAt <= now)
        .sort((a, b) => a.purgeAt - b.purgeAt)
        .slice(0, limit)
    },
    async forgetDropped(dropId) {
      drops.delete(dropId)
    },
    async findPointerUnder(prefixes, exceptDropId) {
      const others = [...drops.values()].filter(({ dropId }) => dropId !== exceptDropId)
      return [...tables.values(), ...others].find(({ metadataLocation }) =>
        prefixes.some((prefix) => metadataLocation.startsWith(prefix)),
      )
    },
  }
}

function keyOf({ catalog, namespace, name }: InternalPointer): string {
  return key(catalog, namespace, name)
}

function key(...parts: readonly (string | Namespace)[]): string {
  return JSON.stringify(parts)
}

function same(a: Namespace, b: Namespace): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function paged<T extends { readonly name: string }>(items: readonly T[], { after, limit }: PageRequest): readonly T[] {
  return items
    .filter(({ name }) => after === undefined || name > after)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, limit)
}
