import type { TableId } from '@moraine/lifecycle/identity'
import { type EpochMs, earliest } from '@moraine/stdx/brand'
import type { SchedulingPolicy } from '../resources/resource-group.ts'
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
  readonly now: EpochMs
}

export type ChooseTablesDecision = {
  readonly plan: readonly ManagedTable[]
  /** When a table that has to wait for time alone may be planned. */
  readonly nextAt: EpochMs | undefined
}

/**
 * Which pending tables are planned now. Plans are made ahead of demand, but not without threads and not further ahead
 * than the threads can work on, because a plan grows stale. A person's request goes before everything else.
 */
export function chooseTables(input: ChooseTablesInput): ChooseTablesDecision {
  const ready = input.pending.filter((table) => planNotBefore(table) <= input.now)
  const nextAt = earliest(input.pending.map(planNotBefore).filter((at) => at > input.now))
  if (input.groupThreads === 0 || input.waitingTasks >= 2 * input.groupThreads) return { plan: [], nextAt }
  const plan = ready
    .map((table) => ({ table, rank: rank(table, input) }))
    .sort((a, b) => compareRanks(a.rank, b.rank) || a.table.tableId - b.table.tableId)
    .slice(0, Math.max(0, input.planningMax - input.planning))
    .map(({ table }) => table)
  return { plan, nextAt }
}

/** The earliest time this table may be planned: after its back-off and its minimal interval, unless a person asked. */
export function planNotBefore(table: ManagedTable): EpochMs {
  if (table.request !== undefined) return 0 as EpochMs
  const afterInterval = table.plannedAt === undefined ? 0 : table.plannedAt + table.settings.minPlanIntervalMs
  return Math.max(afterInterval, table.backOff?.notBefore ?? 0) as EpochMs
}

type Rank = readonly [number, number, number]

function rank(table: ManagedTable, { policy, usedMs, groupThreads }: ChooseTablesInput): Rank {
  const requested = table.request === undefined ? 1 : 0
  const share =
    policy === 'quota'
      ? quotaOccupation(usedMs.get(table.tableId) ?? 0, table.settings.quota, groupThreads)
      : (table.optimizedAt ?? 0)
  return [requested, share, table.state.since]
}

function compareRanks(a: Rank, b: Rank): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}
