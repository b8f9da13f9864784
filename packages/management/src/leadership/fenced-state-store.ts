import type { Fence } from '@moraine/catalogs/fence'
import type { StateStore } from '../store/state-store.ts'

/**
 * The same store, whose writes are made only while the fence holds. Stands next to the database, below whatever else
 * wraps the store.
 *
 * @param fence that of now; `undefined` where this server does not lead: then nothing is written
 */
export function fencedStateStore(store: StateStore, fence: () => Fence | undefined): StateStore {
  return {
    async apply(changes) {
      const current = fence()
      return current === undefined ? { kind: 'deposed' } : store.apply(changes, current)
    },
  }
}
