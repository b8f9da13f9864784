import type { TableId } from '@moraine/lifecycle/identity'

/** Tables that wait for a place of their catalog, in the order in which they came; of each nothing is kept but its id. */
export type ParkedTables = {
  has(tableId: TableId): boolean
  add(catalog: string, tableId: TableId): void
  /** Takes the next that may go, catalog by catalog, until `hasRoom` says that there is no more of it. */
  take(
    hasRoom: (catalog: string) => boolean,
    mayGo: (tableId: TableId) => boolean,
    go: (tableId: TableId, catalog: string) => void,
  ): void
}

export function parkedTables(): ParkedTables {
  const catalogs = new Map<string, Set<TableId>>()
  const all = new Set<TableId>()
  return {
    has: (tableId) => all.has(tableId),
    add(catalog, tableId) {
      if (all.has(tableId)) return
      all.add(tableId)
      const parked = catalogs.get(catalog) ?? new Set()
      catalogs.set(catalog, parked.add(tableId))
    },
    take(hasRoom, mayGo, go) {
      for (const [catalog, parked] of catalogs) {
        for (const tableId of parked) {
          if (!hasRoom(catalog)) break
          if (!mayGo(tableId)) continue
          parked.delete(tableId)
          all.delete(tableId)
          go(tableId, catalog)
        }
        if (parked.size === 0) catalogs.delete(catalog)
      }
    },
  }
}
