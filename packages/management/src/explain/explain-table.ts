import type { OptimizerId, ProcessId, TaskId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'
import { hasWorkAhead, planningQueue } from '../optimizing/choose-tables.ts'
import type { OptimizingProcess } from '../optimizing/optimizing-process.ts'
import type { DispatchableProcess, TaskCounts } from '../optimizing/process-store.ts'
import { QUOTA_WINDOW_MS, quotaOccupation, quotaThreads } from '../optimizing/quota.ts'
import { type Attempt, assignmentOf, type Task } from '../optimizing/task.ts'
import { activeThreads, type Optimizer } from '../resources/optimizer.ts'
import { type ResourceGroup, schedulingPolicy } from '../resources/resource-group.ts'
import type { Hold } from '../schedule/hold.ts'
import type { ManagedTable, PendingTable } from '../tables/managed-table.ts'
import { remedyOf } from './remedy.ts'
import { type TableVerdict, verdictOf } from './table-verdict.ts'

/** All that decides what happens to a table next, as the records have it at one moment. */
export type ExplainFacts = {
  readonly table: ManagedTable
  readonly group: ResourceGroup | undefined
  /** Of the group; those not gone. */
  readonly optimizers: readonly Optimizer[]
  /** Tables of the group that wait to be planned, this one among them if it does. */
  readonly pending: readonly PendingTable[]
  /** Processes of the group of which a task could be handed out, were there a thread. */
  readonly ready: readonly DispatchableProcess[]
  /** Milliseconds of attempts of each table within the quota window. */
  readonly usedMs: ReadonlyMap<ManagedTable['tableId'], number>
  readonly holds: ReadonlyMap<ManagedTable['tableId'], Hold>
  readonly open: OpenWork | undefined
  /** Newest first. */
  readonly ended: readonly OptimizingProcess[]
  readonly now: EpochMs
}

export type OpenWork = {
  readonly process: OptimizingProcess
  readonly counts: TaskCounts
  /** Tasks that are with a thread. */
  readonly assigned: readonly Task[]
  /** Attempts that did not succeed, oldest first. */
  readonly failed: readonly Attempt[]
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

export type WorkingThread = {
  readonly taskId: TaskId
  readonly partitionPath: string
  readonly attempt: number
  readonly optimizerId: OptimizerId
  readonly threadId: number
  readonly since: EpochMs
  /** `undefined` if the optimizer is gone: the task goes to another. */
  readonly lastHeardAt: EpochMs | undefined
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
  const { table, group, optimizers, open, now } = facts
  const groupThreads = activeThreads(optimizers)
  const quota = quotaUse(facts, groupThreads)
  const verdict = verdictOf({
    table,
    hold: facts.holds.get(table.tableId),
    open: open && { process: open.process, tasks: open.counts },
    groupExists: group !== undefined,
    groupThreads,
    now,
  })
  return {
    verdict,
    remedy: remedyOf(verdict, table),
    queue: verdict.kind === 'queued' ? queuePlace(facts, groupThreads) : undefined,
    quota,
    work: workingThreads(facts),
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
    hasWorkAhead: hasWorkAhead(ready, groupThreads),
  }
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

function workingThreads({ open, optimizers }: ExplainFacts): readonly WorkingThread[] {
  return (open?.assigned ?? []).flatMap((task) => {
    const assignment = assignmentOf(task)
    if (assignment === undefined || !('scheduledAt' in task.state)) return []
    const state = optimizers.find(({ optimizerId }) => optimizerId === assignment.optimizerId)?.state
    return [
      {
        taskId: task.taskId,
        partitionPath: task.partitionPath,
        ...assignment,
        since: task.state.scheduledAt,
        lastHeardAt: state === undefined || state.status === 'gone' ? undefined : state.touchedAt,
      },
    ]
  })
}

function pastFailures({ open, ended }: ExplainFacts): readonly PastFailure[] {
  const attempts = (open?.failed ?? []).flatMap(({ processId, taskId, end }): PastFailure[] =>
    end === undefined ? [] : [{ at: end.endedAt, processId, taskId, reason: end.reason ?? end.outcome }],
  )
  const processes = ended.flatMap(({ processId, state }): PastFailure[] => {
    if (state.status === 'executing' || state.status === 'committing' || state.reason === undefined) return []
    return [{ at: state.endedAt, processId, taskId: undefined, reason: state.reason }]
  })
  return [...attempts, ...processes].sort((a, b) => b.at - a.at).slice(0, FAILURES_MAX)
}
