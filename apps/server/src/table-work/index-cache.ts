import { type FileIndex, indexBytes } from '@moraine/maintenance/plan/file-index'
import { EMPTY_INDEX } from '@moraine/maintenance/table/advance-index'

/** Indexes of tables looked at lately, so that the next look reads only what was committed since. */
export type IndexCache = {
  /** The empty index for a table that is not there. */
  find(table: string): FileIndex
  /** An index larger than the whole cache is not kept. */
  keep(table: string, index: FileIndex): void
}

/** Holds up to `maxBytes` of indexes; those not used for longest go first. */
export function indexCache(maxBytes: number): IndexCache {
  // A map iterates in the order of insertion: the first entry is the one not used for longest.
  const held = new Map<string, { readonly index: FileIndex; readonly bytes: number }>()
  let total = 0
  const drop = (table: string) => {
    total -= held.get(table)?.bytes ?? 0
    held.delete(table)
  }
  return {
    find(table) {
      const found = held.get(table)
      if (found === undefined) return EMPTY_INDEX
      held.delete(table)
      held.set(table, found)
      return found.index
    },
    keep(table, index) {
      drop(table)
      const bytes = indexBytes(index)
      if (bytes > maxBytes) return
      held.set(table, { index, bytes })
      total += bytes
      for (const oldest of held.keys()) {
        if (total <= maxBytes) return
        drop(oldest)
      }
    },
  }
}
