import type { TableId } from '@moraine/lifecycle/identity'
import { type EpochMs, earliest } from '@moraine/stdx/brand'
import type { SchedulingPolicy } from '../resources/resource-group.ts'
import type { Hold } from '../schedule/hold.ts'
import type { ManagedTable } from '../tables/managed-table.ts'
import { quotaOccupation } from './quota.ts'

export type ChooseTablesInput = {
  readonly pending: readonly ManagedTable[]
  readonly policy: SchedulingPolicy
  readonly groupThreads: number
  /** Tables of the group being planned now, and how many may be at once. */
  readonly planning: number
  readonly planningMax: number
  /** Planned tasks of the group that no thread has taken yet. */
  readonly waitingTasks: number
  /** Milliseconds of attempts of each table in the quota window. */
  readonly usedMs: ReadonlyMap<TableId, number>
  /** What keeps tables from being worked on. */
  readonly holds: ReadonlyMap<TableId, Hold>
  readonly now: EpochMs
}

export type ChooseTablesDecision = {
  readonly plan: readonly ManagedTable[]
  /** When a table that has to wait for time alone may be planned. */
  readonly nextAt: EpochMs | undefined
}

/**
 * Which pending tables are planned now. Plans are made ahead of demand, but not without threads and not further ahead
 * than the threads can work on, because a plan grows stale. A person's request goes before everything else, then a higher
 * priority, then what the policy says.
 */
export function chooseTables(input: ChooseTablesInput): ChooseTablesDecision {
  const notBefore = (table: ManagedTable) => planNotBefore(table, input.holds.get(table.tableId))
  const nextAt = earliest(input.pending.map(notBefore).filter((at) => at > input.now && at < NEVER))
  if (hasWorkAhead(input)) return { plan: [], nextAt }
  return { plan: planningQueue(input).slice(0, Math.max(0, input.planningMax - input.planning)), nextAt }
}

/** Tables that may be planned now, in the order in which they are. */
export function planningQueue(
  input: Pick<ChooseTablesInput, 'pending' | 'policy' | 'groupThreads' | 'usedMs' | 'holds' | 'now'>,
): readonly ManagedTable[] {
  return input.pending
    .filter((table) => planNotBefore(table, input.holds.get(table.tableId)) <= input.now)
    .map((table) => ({ table, rank: rank(table, input) }))
    .sort((a, b) => compareRanks(a.rank, b.rank) || a.table.tableId - b.table.tableId)
    .map(({ table }) => table)
}

/** Whether the group has as much planned as its threads can work on for now, or no threads. */
export function hasWorkAhead({
  groupThreads,
  waitingTasks,
}: Pick<ChooseTablesInput, 'groupThreads' | 'waitingTasks'>): boolean {
  return groupThreads === 0 || waitingTasks >= 2 * groupThreads
}

/**
 * The earliest time this table may be planned: after what holds it, its back-off and its minimal interval; the last two not
 * if a person asked. Infinite if time alone does not change it.
 */
export function planNotBefore(table: ManagedTable, hold: Hold | undefined): EpochMs {
  const held = hold === undefined ? 0 : (hold.until ?? NEVER)
  if (table.request !== undefined) return held as EpochMs
  const afterInterval = table.plannedAt === undefined ? 0 : table.plannedAt + table.settings.minPlanIntervalMs
  return Math.max(held, afterInterval, table.backOff?.notBefore ?? 0) as EpochMs
}

const NEVER = Number.POSITIVE_INFINITY

type Rank = readonly [number, number, number, number]

function rank(
  table: ManagedTable,
  { policy, usedMs, groupThreads }: Pick<ChooseTablesInput, 'policy' | 'usedMs' | 'groupThreads'>,
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
