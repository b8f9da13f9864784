import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'
import type { CatalogOutage } from '../catalogs/catalog-breaker.ts'
import { type PlanningRoom, planningQueue, planningRoom } from '../optimizing/choose-tables.ts'
import { QUOTA_WINDOW_MS, quotaOccupation, quotaThreads } from '../optimizing/quota.ts'
import type { ManagedTable, PendingTable } from '../records/managed-table.ts'
import { activeThreads } from '../records/optimizer.ts'
import type { OptimizingProcess } from '../records/optimizing-process.ts'
import type { DispatchableProcess } from '../records/process-store.ts'
import { type ResourceGroup, schedulingPolicy } from '../records/resource-group.ts'
import type { Attempt } from '../records/task.ts'
import type { Hold } from '../schedule/hold.ts'
import { type Hearing, type OpenWork, type WorkingThread, workingThreads } from './open-work.ts'
import { remedyOf } from './remedy.ts'
import { type TableVerdict, type VerdictFacts, verdictOf } from './table-verdict.ts'

/** All that decides what happens to a table next, as the records have it at one moment. */
export type ExplainFacts = Hearing & {
  readonly table: ManagedTable
  readonly group: ResourceGroup | undefined
  /** Tables of the group that wait to be planned, this one among them if it does. */
  readonly pending: readonly PendingTable[]
  /** Processes of the group of which a task could be handed out, were there a thread. */
  readonly ready: readonly DispatchableProcess[]
  /** Milliseconds of attempts of each table within the quota window. */
  readonly usedMs: ReadonlyMap<ManagedTable['tableId'], number>
  readonly holds: ReadonlyMap<ManagedTable['tableId'], Hold>
  /** Of its catalog, as the server that leads knows. */
  readonly outage: CatalogOutage | undefined
  readonly refusal?: VerdictFacts['refusal']
  readonly breaksQuota: VerdictFacts['breaksQuota']
  /** `failed`: attempts that did not succeed. */
  readonly open: (OpenWork & { readonly failed: readonly Attempt[] }) | undefined
  /** Newest first. */
  readonly ended: readonly OptimizingProcess[]
}

export type TableExplanation = {
  readonly verdict: TableVerdict
  /** What would change the answer. */
  readonly remedy: string
  /** Where the table stands among those of its group that may be planned; `undefined` if it does not wait for that. */
  readonly queue: QueuePlace | undefined
  readonly quota: QuotaUse
  readonly work: readonly WorkingThread[]
  /** Newest first. */
  readonly failures: readonly PastFailure[]
}

export type QueuePlace = {
  /** From 1. */
  readonly position: number
  readonly of: number
  readonly policy: string
  /** The next to be planned, up to this table, at most {@link AHEAD_MAX}. */
  readonly ahead: readonly ManagedTable['name'][]
  /** The group has as much planned as its threads can work on: nothing more is planned for now. */
  readonly hasWorkAhead: boolean
}

export type QuotaUse = {
  /** `self-optimizing.quota` */
  readonly quota: number
  /** That it comes to with the threads of now. */
  readonly threads: number
  readonly running: number
  /** Tasks that could run if there were no quota. */
  readonly waiting: number
  readonly usedMs: number
  readonly windowMs: number
  /** 1 is all of it. */
  readonly occupation: number
}

export type PastFailure = {
  readonly at: EpochMs
  readonly processId: ProcessId
  /** Of one attempt; of the whole process if absent. */
  readonly taskId: TaskId | undefined
  readonly reason: string
}

const AHEAD_MAX = 10
const FAILURES_MAX = 10

/** Why a table is, or is not, optimized, with everything that bears on it. */
export function explainTable(facts: ExplainFacts): TableExplanation {
  const { table, group, optimizers, open } = facts
  const groupThreads = activeThreads(optimizers)
  const quota = quotaUse(facts, groupThreads)
  const verdict = verdictOf({ ...facts, hold: facts.holds.get(table.tableId), groupExists: group !== undefined })
  return {
    verdict,
    remedy: remedyOf(verdict, table),
    queue: verdict.kind === 'queued' ? queuePlace(facts, groupThreads) : undefined,
    quota,
    work: open === undefined ? [] : workingThreads(open, optimizers),
    failures: pastFailures(facts),
  }
}

function queuePlace(facts: ExplainFacts, groupThreads: number): QueuePlace | undefined {
  const { table, group, ready } = facts
  if (group === undefined) return undefined
  const policy = schedulingPolicy(group)
  const queue = planningQueue({ ...facts, policy, groupThreads })
  const at = queue.findIndex(({ tableId }) => tableId === table.tableId)
  if (at < 0) return undefined
  return {
    position: at + 1,
    of: queue.length,
    policy,
    ahead: queue
      .slice(0, at)
      .slice(0, AHEAD_MAX)
      .map(({ name }) => name),
    hasWorkAhead: !isPlannable(planningRoom(ready, groupThreads), table),
  }
}

function isPlannable(room: PlanningRoom, { request }: ExplainFacts['table']): boolean {
  return room === 'all' || (room === 'requested' && request !== undefined)
}

function quotaUse({ table, usedMs, open }: ExplainFacts, groupThreads: number): QuotaUse {
  const quota = open?.process.quota ?? table.settings.quota
  const used = usedMs.get(table.tableId) ?? 0
  return {
    quota,
    threads: quotaThreads(quota, groupThreads),
    running: open === undefined ? 0 : open.counts.scheduled + open.counts.acked,
    waiting: open?.counts.planned ?? 0,
    usedMs: used,
    windowMs: QUOTA_WINDOW_MS,
    occupation: quotaOccupation(used, quota, groupThreads),
  }
}

/** What was canceled has not failed. */
function pastFailures({ open, ended }: ExplainFacts): readonly PastFailure[] {
  const attempts = (open?.failed ?? []).flatMap(({ processId, taskId, end }): PastFailure[] =>
    end === undefined || end.outcome === 'canceled'
      ? []
      : [{ at: end.endedAt, processId, taskId, reason: end.reason ?? end.outcome }],
  )
  const processes = ended.flatMap(({ processId, state }): PastFailure[] => {
    if (state.status !== 'succeeded' && state.status !== 'failed') return []
    if (state.reason === undefined) return []
    return [{ at: state.endedAt, processId, taskId: undefined, reason: state.reason }]
  })
  return [...attempts, ...processes].sort((a, b) => b.at - a.at).slice(0, FAILURES_MAX)
}
