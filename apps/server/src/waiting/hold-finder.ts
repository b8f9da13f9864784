import type { TableId } from '@moraine/lifecycle/identity'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { findHold, type Hold, type HoldFacts } from '@moraine/management/schedule/hold'
import { openingBook } from '@moraine/management/schedule/opening-book'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'

/** Work on a table that may be held; of a table that waits to be planned, or of a process. */
export type Holdable = { readonly tableId: TableId } & Pick<HoldFacts, 'pause' | 'settings' | 'isRequested'>

/** What holds tables of a group now; those that nothing holds are absent. */
export type HoldFinder = (
  group: ResourceGroup | undefined,
  work: readonly Holdable[],
) => Promise<ReadonlyMap<TableId, Hold>>

export function holdFinder({ blockers }: Pick<Stores, 'blockers'>, clock: Pick<Clock, 'now'>): HoldFinder {
  const openings = openingBook()
  return async (group, work) => {
    if (work.length === 0) return new Map()
    const [only] = work
    const living = await blockers.listBlockers(work.length === 1 ? only?.tableId : undefined)
    const now = clock.now()
    const byTable = Map.groupBy(living, ({ tableId }) => tableId)
    const holds = new Map<TableId, Hold>()
    for (const { tableId, ...facts } of work) {
      const hold = findHold({ ...facts, group, blockers: byTable.get(tableId) ?? [] }, openings, now)
      if (hold !== undefined) holds.set(tableId, hold)
    }
    return holds
  }
}
