import type { TableId } from '@moraine/lifecycle/identity'
import { dueTime, type EpochMs, earliest, later } from '@moraine/stdx/brand'
import type { PendingTable } from '../records/managed-table.ts'
import type { DispatchableProcess } from '../records/process-store.ts'
import type { SchedulingPolicy } from '../records/resource-group.ts'
import type { Hold } from '../schedule/hold.ts'
import { backOffEnd } from '../tables/next-back-off.ts'
import { quotaOccupation, quotaThreads } from './quota.ts'

export type PlanningQueueInput<Table extends PendingTable> = {
  readonly pending: readonly Table[]
  readonly policy: SchedulingPolicy
  readonly groupThreads: number
  /** Milliseconds of attempts of each table in the quota window. */
  readonly usedMs: ReadonlyMap<TableId, number>
  /** What keeps tables from being worked on. */
  readonly holds: ReadonlyMap<TableId, Hold>
  readonly now: EpochMs
}

/**
 * Tables that may be planned now, in the order in which they are: a person's request goes before everything else, then a
 * higher priority, then what the policy says.
 */
export function planningQueue<Table extends PendingTable>(input: PlanningQueueInput<Table>): readonly Table[] {
  return input.pending
    .filter((table) => planNotBefore(table, input.holds.get(table.tableId), input.now) <= input.now)
    .map((table) => ({ table, rank: rank(table, input) }))
    .sort((a, b) => compareRanks(a.rank, b.rank) || a.table.tableId - b.table.tableId)
    .map(({ table }) => table)
}

/** When the first of those that have to wait for time alone may be planned. */
export function nextPlannableAt({
  pending,
  holds,
  now,
}: Pick<PlanningQueueInput<PendingTable>, 'pending' | 'holds' | 'now'>): EpochMs | undefined {
  const times = pending.map((table) => planNotBefore(table, holds.get(table.tableId), now))
  return earliest(times.filter((at) => at > now && at < NEVER))
}

/** Which tables of a group may be planned now: all, those alone that somebody asked for, or none. */
export type PlanningRoom = 'all' | 'requested' | 'none'

/**
 * Plans are made ahead of demand, as far as the threads of the group can work on for now and not further, because a plan grows
 * stale. What a person asks for waits for what others asked for, and for nothing else: its tasks go first.
 *
 * @param ready with planned tasks that nothing keeps from being handed out but threads and quota: what waits for anything
 *   else must not keep other tables waiting
 */
export function planningRoom(ready: readonly DispatchableProcess[], groupThreads: number): PlanningRoom {
  if (!hasWorkAhead(ready, groupThreads)) return 'all'
  const requested = ready.filter(({ isRequested }) => isRequested)
  return hasWorkAhead(requested, groupThreads) ? 'none' : 'requested'
}

function hasWorkAhead(ready: readonly DispatchableProcess[], groupThreads: number): boolean {
  if (groupThreads === 0) return true
  return ready.reduce((tasks, process) => tasks + tasksWithinQuota(process, groupThreads), 0) >= 2 * groupThreads
}

/** Of its planned tasks those that more threads could take now. */
function tasksWithinQuota({ plannedTasks, runningTasks, quota }: DispatchableProcess, groupThreads: number): number {
  return Math.min(plannedTasks, Math.max(0, quotaThreads(quota, groupThreads) - runningTasks))
}

/**
 * The earliest time this table may be planned: after what holds it, its back-off and its minimal interval; the last two not
 * if a person asked. Infinite if time alone does not change it.
 */
export function planNotBefore(table: PendingTable, hold: Hold | undefined, now: EpochMs): EpochMs {
  const held = hold === undefined ? 0 : (hold.until ?? NEVER)
  if (table.request !== undefined) return held as EpochMs
  const { plannedAt, backOff, settings } = table
  const { minPlanIntervalMs } = settings
  const afterInterval =
    plannedAt === undefined ? 0 : dueTime(later(plannedAt, minPlanIntervalMs), now, minPlanIntervalMs)
  return Math.max(held, afterInterval, backOff === undefined ? 0 : backOffEnd(backOff, now)) as EpochMs
}

const NEVER = Number.POSITIVE_INFINITY

type Rank = readonly [number, number, number, number]

function rank(
  table: PendingTable,
  { policy, usedMs, groupThreads }: Pick<PlanningQueueInput<PendingTable>, 'policy' | 'usedMs' | 'groupThreads'>,
): Rank {
  const requested = table.request === undefined ? 1 : 0
  const share =
    policy === 'quota'
      ? quotaOccupation(usedMs.get(table.tableId) ?? 0, table.settings.quota, groupThreads)
      : (table.optimizedAt ?? 0)
  return [requested, -table.settings.priority, share, table.state.since]
}

function compareRanks(a: Rank, b: Rank): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]
}
