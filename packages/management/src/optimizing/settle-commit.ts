import type { TaskId } from '@moraine/lifecycle/identity'
import type { ProcessState } from '@moraine/lifecycle/process-status'
import { assert } from '@moraine/stdx/assert'
import { dueTime, type EpochMs, later } from '@moraine/stdx/brand'
import { ZOMBIE_GRACE_MS } from '../records/discard.ts'
import { openProcessId } from '../records/managed-table.ts'
import type { OptimizingProcess, ProcessResult } from '../records/optimizing-process.ts'
import { boundedReason, type Task } from '../records/task.ts'
import { patchTable, processGuard, type StateChange, taskGuard } from '../store/state-change.ts'
import type { CommitReport } from '../table-work/table-maintenance.ts'
import { discardOutput, type OpenProcess, restTable } from './end-process.ts'

/**
 * How a try to commit ended: a report, or an error after which trying again may (`retryable`) or cannot help. `inDoubt`: it
 * was cut short, and may have committed.
 */
export type CommitTry =
  | CommitReport
  | { readonly kind: 'failed'; readonly reason: string; readonly retryable: boolean; readonly inDoubt?: boolean }

/** Tries that do not settle a commit: after these the process fails. With the pauses below, about half an hour. */
const COMMIT_TRIES_MAX = 40
const RETRY_FIRST_MS = 1_000
const RETRY_LONGEST_MS = 60_000

/** When a committing process is tried again, whatever clock that was set by. */
export function nextCommitTry({ state }: OptimizingProcess, now: EpochMs): EpochMs {
  return state.status === 'committing' ? dueTime(state.retryAt, now, pauseMs(state.commitAttempts)) : now
}

/**
 * Draws the conclusion of a try to commit. Outputs are deleted only where it is certain that they are not in the table; if
 * that can not be found out in the end, they stay where they are, and are listed as unsettled.
 */
export function settleCommit(open: OpenProcess, outcome: CommitTry, now: EpochMs): readonly StateChange[] {
  const { process } = open
  // What holds a table is no failure: it does not count as a try.
  if (process.state.status !== 'committing' || outcome.kind === 'held') return []
  if (outcome.kind === 'settled') {
    return outcome.committed.length > 0 ? committed(open, outcome, now) : nothingCommitted(open, outcome, now)
  }
  const tries = process.state.commitAttempts + 1
  const inDoubt = wasInDoubt(process.state) || outcome.kind === 'unknown' || outcome.inDoubt === true
  if ((outcome.kind === 'failed' && !outcome.retryable) || tries >= COMMIT_TRIES_MAX) {
    return giveUp(open, { cause: `${outcome.reason} (${tries} tries)`, inDoubt }, now)
  }
  const state: ProcessState = {
    ...process.state,
    commitAttempts: tries,
    retryAt: later(now, pauseMs(tries)),
    inDoubt,
    reason: boundedReason(outcome.reason),
  }
  return [{ kind: 'move-process', processId: process.processId, from: processGuard(process), state }]
}

/** After so many tries. */
function pauseMs(tries: number): number {
  return tries === 0 ? 0 : Math.min(RETRY_FIRST_MS * 2 ** Math.min(tries - 1, 16), RETRY_LONGEST_MS)
}

type Settled = Extract<CommitReport, { kind: 'settled' }>

function committed(open: OpenProcess, report: Settled, now: EpochMs): readonly StateChange[] {
  const { process, table } = open
  const inTable = new Set(report.committed)
  const reason = leftOut(open)
  const state: ProcessState = {
    status: 'succeeded',
    endedAt: now,
    committedTasks: inTable.size,
    ...(inTable.size < process.taskCount && { reason: refusals(report) ?? reason }),
  }
  return [
    {
      kind: 'move-process',
      processId: process.processId,
      from: processGuard(process),
      state,
      result: resultOf(open, inTable, report),
    },
    ...refuseTasks(open, report, now),
    {
      kind: 'set-clocks',
      tableId: table.tableId,
      partitionKeys: wholePartitions(open.tasks, inTable),
      type: process.type,
      at: now,
    },
    ...finishTable(open, now),
  ]
}

function nothingCommitted(open: OpenProcess, report: Settled, now: EpochMs): readonly StateChange[] {
  const { process, table } = open
  const reason = refusals(report) ?? 'no task had anything to commit'
  return [
    {
      kind: 'move-process',
      processId: process.processId,
      from: processGuard(process),
      state: { status: 'failed', endedAt: now, reason },
    },
    ...refuseTasks(open, report, now),
    ...restTable(process, table, { step: 'committing', reason }, now),
  ]
}

/** Of tries that an earlier version recorded it is not known. */
function wasInDoubt({ inDoubt, commitAttempts }: Extract<ProcessState, { status: 'committing' }>): boolean {
  return inDoubt ?? commitAttempts > 0
}

function giveUp(
  { process, table, tasks }: OpenProcess,
  { cause, inDoubt }: { readonly cause: string; readonly inDoubt: boolean },
  now: EpochMs,
): readonly StateChange[] {
  const outputs = tasks.filter(({ state }) => state.status === 'succeeded').length
  const reason = boundedReason(
    inDoubt
      ? `nobody can say whether the commit was made; the outputs of ${outputs} tasks are kept, and listed as unsettled: ${cause}`
      : `the commit was refused; the outputs of ${outputs} tasks are discarded: ${cause}`,
  )
  // A server that died in a try has not recorded it: what that one has sent arrives within this time, or never.
  const dueAt = later(now, ZOMBIE_GRACE_MS)
  const commit = inDoubt ? 'unknown' : 'refused'
  return [
    {
      kind: 'move-process',
      processId: process.processId,
      from: processGuard(process),
      state: { status: 'failed', endedAt: now, reason },
    },
    ...tasks.flatMap((task) => discardOutput(task, { commit, dueAt })),
    ...restTable(process, table, { step: 'committing', reason }, now),
  ]
}

function refuseTasks({ tasks }: OpenProcess, report: Settled, now: EpochMs): readonly StateChange[] {
  const reasons = new Map(report.refused.map(({ taskId, reason }) => [taskId, reason]))
  return tasks.flatMap((task): readonly StateChange[] => {
    const reason = reasons.get(task.taskId)
    if (reason === undefined) return []
    assert(task.state.status === 'succeeded', `task ${task.taskId} was refused but had nothing to commit`)
    const { attempts, failures } = task.state
    return [
      {
        kind: 'move-task',
        processId: task.processId,
        taskId: task.taskId,
        from: taskGuard(task),
        state: { status: 'failed', attempts, failures, endedAt: now, reason: boundedReason(reason) },
      },
      ...discardOutput(task, { commit: 'refused', dueAt: now }),
    ]
  })
}

function finishTable({ process, table }: OpenProcess, now: EpochMs): readonly StateChange[] {
  if (openProcessId(table) !== process.processId) return []
  return [
    patchTable(table, {
      state: { phase: 'idle', since: now },
      optimizedSnapshotId: process.baseSnapshotId,
      optimizedAt: now,
      backOff: undefined,
    }),
  ]
}

/** The partitions that have been optimized as planned; those of a refused or failed task stay due. */
function wholePartitions(tasks: readonly Task[], inTable: ReadonlySet<TaskId>): readonly string[] {
  const partial = new Set(tasks.filter((task) => !inTable.has(task.taskId)).map((task) => task.partitionKey))
  return [...new Set(tasks.map((task) => task.partitionKey))].filter((key) => !partial.has(key))
}

function resultOf({ tasks, table }: OpenProcess, inTable: ReadonlySet<TaskId>, report: Settled): ProcessResult {
  const done = tasks.filter((task) => inTable.has(task.taskId))
  const sum = (pick: (task: Task) => number) => done.reduce((total, task) => total + pick(task), 0)
  return {
    snapshotId: report.snapshotId,
    inputFiles: sum((task) => task.inputFiles),
    inputBytes: sum((task) => task.inputBytes),
    outputFiles: sum((task) => task.output?.files ?? 0),
    outputBytes: sum((task) => task.output?.bytes ?? 0),
    healthBefore: table.evaluation?.health,
  }
}

function refusals({ refused }: Settled): string | undefined {
  const [first] = refused
  if (first === undefined) return undefined
  const rest = refused.length === 1 ? '' : `, and ${refused.length - 1} more`
  return boundedReason(`task ${first.taskId} was not committed: ${first.reason}${rest}`)
}

function leftOut({ tasks }: OpenProcess): string {
  const failed = tasks.filter((task) => task.state.status === 'failed').length
  const canceled = tasks.filter((task) => task.state.status === 'canceled').length
  return `committed without ${failed} failed and ${canceled} canceled tasks`
}
