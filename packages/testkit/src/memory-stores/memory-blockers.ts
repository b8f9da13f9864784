import type { Blocker, BlockerStore } from '@moraine/management/records/blocker'
import type { Clock } from '@moraine/stdx/clock'
import type { MemoryState } from './memory-state.ts'

/** @param clock stands for that of the database */
export function memoryBlockers({ blockers }: Pick<MemoryState, 'blockers'>, clock: Pick<Clock, 'now'>): BlockerStore {
  const living = (tableId?: number): readonly Blocker[] =>
    [...blockers.values()]
      .filter((blocker) => blocker.expiresAt > clock.now() && (tableId ?? blocker.tableId) === blocker.tableId)
      .sort((a, b) => a.createdAt - b.createdAt || (a.blockerId < b.blockerId ? -1 : 1))
      .map(({ expiresAt, ...blocker }) => ({ ...blocker, remainingMs: expiresAt - clock.now() }))
  const save = ({ remainingMs, ...blocker }: Blocker): Blocker => {
    blockers.set(blocker.blockerId, { ...blocker, expiresAt: clock.now() + remainingMs })
    return { ...blocker, remainingMs }
  }
  return {
    async addBlocker({ ttlMs, ...blocker }) {
      const by = living(blocker.tableId).find(({ operations }) =>
        operations.some((each) => blocker.operations.includes(each)),
      )
      if (by !== undefined) return { kind: 'refused', by }
      return { kind: 'added', blocker: save({ ...blocker, remainingMs: ttlMs }) }
    },
    async renewBlocker(tableId, blockerId, ttlMs) {
      const known = living(tableId).find((blocker) => blocker.blockerId === blockerId)
      return known && save({ ...known, remainingMs: ttlMs })
    },
    async removeBlocker(tableId, blockerId) {
      return blockers.get(blockerId)?.tableId === tableId && blockers.delete(blockerId)
    },
    listBlockers: async (tableId) => living(tableId),
  }
}

export type MemoryBlocker = Omit<Blocker, 'remainingMs'> & { readonly expiresAt: number }
