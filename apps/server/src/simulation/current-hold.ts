import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { findHold, type Hold } from '@moraine/management/schedule/hold'
import { openingBook } from '@moraine/management/schedule/opening-book'
import type { EpochMs } from '@moraine/stdx/brand'
import type { MemoryState } from '@moraine/testkit/memory-stores/memory-state'

/** What holds work on a table at a moment, by the records of now. */
export type CurrentHold = (
  table: ManagedTable,
  group: ResourceGroup | undefined,
  isRequested: boolean,
  at: EpochMs,
) => Hold | undefined

export function currentHold({ blockers }: Pick<MemoryState, 'blockers'>): CurrentHold {
  const openings = openingBook()
  return ({ tableId, pause, settings }, group, isRequested, at) => {
    const living = [...blockers.values()]
      .filter((each) => each.tableId === tableId && each.expiresAt > at)
      .map(({ expiresAt, ...blocker }) => ({ ...blocker, remainingMs: expiresAt - at }))
    return findHold({ pause, settings, group, blockers: living, isRequested }, openings, at)
  }
}
