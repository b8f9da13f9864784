import type { Fence } from '@moraine/catalogs/fence'
import type { DroppedPointer, Except } from '@moraine/catalogs/internal/dropped-pointers'
import type { InternalPointer, PageRequest, PointerChange } from '@moraine/catalogs/internal/table-pointers'
import type { Properties } from '@moraine/catalogs/properties'
import type { Namespace } from '@moraine/catalogs/table-identifier'
import type { ManagedCatalog, StoredCatalog } from '@moraine/management/catalogs/managed-catalog'
import { propertiesText } from '@moraine/management/catalogs/properties-text'
import type { Stores } from '@moraine/management/store/stores'
import { folderOf, isBelow, isLocation, placeOf } from '@moraine/storage/places'

type Named = Pick<InternalPointer, 'catalog' | 'namespace' | 'name'>
type MemoryNamespace = { readonly catalog: string; readonly namespace: Namespace; properties: Properties }

/**
 * @param registered internal catalogs that are there from the start
 * @param removeGrants that name a catalog, where there are principals
 * @param holds whether a fence does, where there are leases
 */
export function memoryCatalogs(
  registered: readonly string[] = ['lake'],
  removeGrants: (catalog: string) => void = () => {},
  holds: (fence: Fence) => boolean = () => true,
): Pick<Stores, 'catalogs' | 'pointers' | 'drops'> {
  const catalogs = new Map<string, StoredCatalog>()
  for (const name of registered) catalogs.set(name, { name, type: 'ams', properties: {}, version: 0 })
  const { holdsAnything, ...kept } = memoryPointers(catalogs, holds)
  return { catalogs: memoryRegistrations(catalogs, holdsAnything, removeGrants), ...kept }
}

function memoryRegistrations(
  catalogs: Map<string, StoredCatalog>,
  holdsAnything: (catalog: string) => boolean,
  removeGrants: (catalog: string) => void,
): Stores['catalogs'] {
  let versions = 0
  const put = (catalog: ManagedCatalog) => {
    versions += 1
    const { type } = catalogs.get(catalog.name) ?? catalog
    catalogs.set(catalog.name, { ...catalog, type, version: versions })
  }
  return {
    async listCatalogs() {
      return [...catalogs.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    },
    async findCatalog(name) {
      return catalogs.get(name)
    },
    async findCatalogVersion(name) {
      return catalogs.get(name)?.version
    },
    async addCatalog(catalog) {
      const taken = [...catalogs.keys()].find((name) => name.toLowerCase() === catalog.name.toLowerCase())
      if (taken !== undefined) return taken
      put(catalog)
      removeGrants(catalog.name)
      return undefined
    },
    async swapCatalog(version, catalog) {
      if (catalogs.get(catalog.name)?.version !== version) return false
      put(catalog)
      return true
    },
    async saveCatalog(catalog) {
      put(catalog)
    },
    async removeCatalog(name, only) {
      const found = catalogs.get(name)
      if (found === undefined) return 'absent'
      if (only !== undefined && found.version !== only.version) return 'changed'
      if (only?.isEmpty === true && holdsAnything(name)) return 'not-empty'
      catalogs.delete(name)
      removeGrants(name)
      return 'removed'
    },
  }
}

function memoryPointers(
  catalogs: ReadonlyMap<string, StoredCatalog>,
  holds: (fence: Fence) => boolean,
): Pick<Stores, 'pointers' | 'drops'> & {
  holdsAnything(catalog: string): boolean
} {
  const namespaces = new Map<string, MemoryNamespace>()
  const tables = new Map<string, InternalPointer>()
  const drops = new Map<string, DroppedPointer>()
  const purging = new Set<string>()
  const beside = (named: Named) => dropsBeside({ drops, purging }, named)
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
      if (namespaces.has(key(catalog, namespace))) return 'exists'
      const parent = namespace.slice(0, -1)
      if (parent.length > 0 ? !namespaces.has(key(catalog, parent)) : !catalogs.has(catalog)) return 'no-parent'
      namespaces.set(key(catalog, namespace), { catalog, namespace, properties })
      return 'added'
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
    async addPointer(table, apart = []) {
      if (!namespaces.has(key(table.catalog, table.namespace))) return 'no-namespace'
      if (tables.has(key(table.catalog, table.namespace, table.name))) return 'exists'
      if (findNeighbour(apart, [...tables.values(), ...beside(table)]) !== undefined) return 'overlaps'
      tables.set(key(table.catalog, table.namespace, table.name), table)
      return 'added'
    },
    async swapPointer(table, next) {
      const own = key(table.catalog, table.namespace, table.name)
      if (tables.get(own)?.metadataLocation !== table.metadataLocation) return false
      tables.set(own, { ...table, metadataLocation: next })
      return true
    },
    async changePointers(changes, fence) {
      if (fence !== undefined && !holds(fence)) return 'deposed'
      const standsAs = ({ before, after }: PointerChange) =>
        before === undefined
          ? namespaces.has(key(after.catalog, after.namespace)) && !tables.has(keyOf(after))
          : tables.get(keyOf(before))?.metadataLocation === before.metadataLocation
      if (!changes.every(standsAs)) return 'refused'
      const next = new Map(tables)
      for (const { after, apart = [] } of changes) {
        next.delete(keyOf(after))
        if (findNeighbour(apart, [...next.values(), ...beside(after)]) !== undefined) return 'overlaps'
        next.set(keyOf(after), { ...tables.get(keyOf(after)), ...after })
      }
      for (const { after } of changes) tables.set(keyOf(after), { ...tables.get(keyOf(after)), ...after })
      return 'made'
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
  return {
    pointers,
    drops: memoryDrops({ namespaces, tables, drops, purging }),
    holdsAnything: (catalog) => [...namespaces.values(), ...drops.values()].some((each) => each.catalog === catalog),
  }
}

type Drops = { readonly drops: Map<string, DroppedPointer>; readonly purging: Set<string> }

/** All but those of its name, whose places it may take unless they are being purged. */
function dropsBeside({ drops, purging }: Drops, named: Named): readonly DroppedPointer[] {
  return [...drops.values()].filter((each) => keyOf(each) !== keyOf(named) || purging.has(each.dropId))
}

function memoryDrops({
  namespaces,
  tables,
  ...kept
}: Drops & {
  readonly namespaces: ReadonlyMap<string, MemoryNamespace>
  readonly tables: Map<string, InternalPointer>
}): Stores['drops'] {
  const { drops, purging } = kept
  const others = ({ named, ...except }: Except = {}) => [
    ...[...tables.values()].filter((each) => named === undefined || keyOf(each) !== keyOf(named)),
    ...(named === undefined ? [...drops.values()] : dropsBeside(kept, named)).filter(
      ({ dropId }) => dropId !== except.dropId,
    ),
  ]
  const found = (catalog: string, dropId: string) => {
    const dropped = drops.get(dropId)
    return dropped?.catalog === catalog ? dropped : undefined
  }
  return {
    async dropPointer(pointer, drop) {
      const own = tables.get(key(pointer.catalog, pointer.namespace, pointer.name))
      if (own?.kind !== pointer.kind || own.metadataLocation !== pointer.metadataLocation) return undefined
      const dropped = { ...own, ...drop }
      tables.delete(keyOf(own))
      drops.set(drop.dropId, dropped)
      return dropped
    },
    async findDroppedNamed(named) {
      return lastFirst([...drops.values()].filter((each) => keyOf(each) === keyOf(named) && !purging.has(each.dropId)))
    },
    async listDropped(catalog, { offset, limit }) {
      return lastFirst([...drops.values()].filter((each) => each.catalog === catalog)).slice(offset, offset + limit)
    },
    async findDropped(catalog, dropId) {
      return found(catalog, dropId)
    },
    async restoreDropped(catalog, dropId, to, now) {
      const dropped = found(catalog, dropId)
      if (dropped === undefined || dropped.purgeAt <= now || purging.has(dropId)) return 'absent'
      if (!namespaces.has(key(catalog, to.namespace))) return 'no-namespace'
      if (tables.has(key(catalog, to.namespace, to.name))) return 'exists'
      const { kind, metadataLocation, places } = dropped
      tables.set(key(catalog, to.namespace, to.name), {
        kind,
        catalog,
        metadataLocation,
        ...(places && { places }),
        ...to,
      })
      drops.delete(dropId)
      return 'restored'
    },
    async advancePurge(catalog, dropId, to) {
      const dropped = found(catalog, dropId)
      if (dropped === undefined || purging.has(dropId)) return undefined
      const advanced = { ...dropped, ...to }
      drops.set(dropId, advanced)
      return advanced
    },
    async claimPurge({ dropId, purgesFiles }, now) {
      const dropped = drops.get(dropId)
      if (dropped === undefined || dropped.purgeAt > now) return false
      if (!purging.has(dropId) && dropped.purgesFiles !== purgesFiles) return false
      purging.add(dropId)
      return true
    },
    async listDueDrops(now, { offset, limit }) {
      return [...drops.values()]
        .filter(({ purgeAt }) => purgeAt <= now)
        .sort((a, b) => a.purgeAt - b.purgeAt || (a.dropId < b.dropId ? -1 : 1))
        .slice(offset, offset + limit)
    },
    async forgetDropped(dropId) {
      drops.delete(dropId)
      purging.delete(dropId)
    },
    findPointerUnder: async (folders, except) => findUnder(folders, others(except)),
    findPointerAround: async (folders, except) => findAround(folders, others(except)),
  }
}

function lastFirst(drops: readonly DroppedPointer[]): readonly DroppedPointer[] {
  return drops.toSorted((a, b) => b.droppedAt - a.droppedAt || (a.dropId < b.dropId ? -1 : 1))
}

function findNeighbour(places: readonly string[], pointers: readonly InternalPointer[]): InternalPointer | undefined {
  return findUnder(places, pointers) ?? findAround(places, pointers)
}

function findUnder(folders: readonly string[], pointers: readonly InternalPointer[]): InternalPointer | undefined {
  return pointers.find((pointer) => {
    const lying = [...placesOf(pointer), folderOf(pointer.metadataLocation)]
    return folders.some((folder) => lying.some((each) => mayLieIn(each, folder)))
  })
}

function findAround(folders: readonly string[], pointers: readonly InternalPointer[]): InternalPointer | undefined {
  return pointers.find((pointer) =>
    placesOf(pointer).some((place) => folders.some((folder) => mayLieIn(folder, place))),
  )
}

function placesOf({ places, metadataLocation }: InternalPointer): readonly string[] {
  return places ?? /^(.*[^/])\/metadata\/[^/]*$/.exec(metadataLocation)?.slice(1) ?? []
}

function mayLieIn(location: string, folder: string): boolean {
  return isBelow(knownPlace(location), knownPlace(folder))
}

/** Tests that are not about places name no locations. */
function knownPlace(text: string): string {
  return isLocation(text) ? placeOf(text) : text
}

function keyOf({ catalog, namespace, name }: Named): string {
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
