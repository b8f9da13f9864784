import type { Blocker, BlockerStore } from '@moraine/management/tables/blocker'
import type { MemoryState } from './memory-state.ts'

export function memoryBlockers({ blockers }: Pick<MemoryState, 'blockers'>): BlockerStore {
  const living = (now: number, tableId?: number): readonly Blocker[] =>
    [...blockers.values()]
      .filter((blocker) => blocker.expiresAt > now && (tableId ?? blocker.tableId) === blocker.tableId)
      .sort((a, b) => a.createdAt - b.createdAt || (a.blockerId < b.blockerId ? -1 : 1))
  return {
    async addBlocker(blocker, now) {
      const by = living(now, blocker.tableId).find(({ operations }) =>
        operations.some((each) => blocker.operations.includes(each)),
      )
      if (by !== undefined) return { kind: 'refused', by }
      blockers.set(blocker.blockerId, blocker)
      return { kind: 'added' }
    },
    async renewBlocker(tableId, blockerId, expiresAt, now) {
      const known = living(now, tableId).find((blocker) => blocker.blockerId === blockerId)
      if (known === undefined) return undefined
      const renewed = { ...known, expiresAt }
      blockers.set(blockerId, renewed)
      return renewed
    },
    async removeBlocker(tableId, blockerId) {
      return blockers.get(blockerId)?.tableId === tableId && blockers.delete(blockerId)
    },
    listBlockers: async (now, tableId) => living(now, tableId),
  }
}
