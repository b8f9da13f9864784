import type { TableId } from '@moraine/lifecycle/identity'
import { planNotBefore } from '@moraine/management/optimizing/choose-tables'
import { QUOTA_WINDOW_MS } from '@moraine/management/optimizing/quota'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { StateChange } from '@moraine/management/store/state-change'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import type { MemoryState } from '@moraine/testkit/memory-stores/memory-state'

export type ShareWatchOptions = {
  readonly state: MemoryState
  readonly clock: Pick<Clock, 'now'>
  /** Of the one group that there is, always. */
  readonly threads: number
}

/** A table that could have been planned for as long is known to whoever plans. */
const KNOWN_MS = 30_000
/** The planner goes by a sum that is some seconds old, in which each thread may have worked. */
const TOLERANCE = 0.02
/** Whatever a table used, after a whole window without any it goes before all that used some. */
const WAIT_MOST_MS = QUOTA_WINDOW_MS + 5 * 60_000

/**
 * Watches who is planned where there is more work than threads, nothing fails and all tables are of one rank: never one that
 * used more of its quota, in the window that the service looks back over, than another that waits; and nobody waits too long.
 *
 * @returns what is to be shown all changes that were made; it answers with the rule that they break, if any
 */
export function shareWatch({
  state,
  clock,
  threads,
}: ShareWatchOptions): (changes: readonly StateChange[]) => string | undefined {
  const occupationOf = ({ tableId, settings: { quota } }: ManagedTable) => {
    const allowed = quota > 1 ? Math.floor(quota) : Math.ceil(quota * threads)
    return usedMs(state, tableId, clock.now()) / QUOTA_WINDOW_MS / allowed
  }
  return (changes) => {
    const planned = changes.flatMap((change) =>
      change.kind === 'patch-table' && change.patch.state?.phase === 'planning' ? [change.tableId] : [],
    )
    for (const tableId of planned) {
      const table = state.tables.get(tableId)
      if (table === undefined) continue
      const occupation = occupationOf(table)
      for (const other of waiting(state, clock.now())) {
        const least = occupationOf(other)
        if (least < occupation - TOLERANCE) {
          return `table ${tableId} is planned, with ${occupation} of its quota used, while table ${other.tableId} waits with ${least}`
        }
        const waitedMs = clock.now() - other.state.since
        if (waitedMs > WAIT_MOST_MS) return `table ${other.tableId} has waited for ${waitedMs} ms`
      }
    }
    return undefined
  }
}

/** Tables that could have been planned for a while. */
function waiting({ tables }: MemoryState, now: EpochMs): readonly ManagedTable[] {
  const before = later(now, -KNOWN_MS)
  return [...tables.values()].filter(
    (table) =>
      table.state.phase === 'pending' &&
      table.state.since < before &&
      planNotBefore(table, undefined, before) <= before,
  )
}

/** By the records of all attempts that there ever were. */
function usedMs({ processes }: MemoryState, tableId: TableId, now: number): number {
  let sum = 0
  for (const { process, attempts } of processes.values()) {
    if (process.tableId !== tableId) continue
    for (const { scheduledAt, end } of attempts.values()) {
      sum += Math.max(0, (end?.endedAt ?? now) - Math.max(scheduledAt, now - QUOTA_WINDOW_MS))
    }
  }
  return sum
}
