import type { ProcessState } from '@moraine/lifecycle/process-status'
import type { EpochMs } from '@moraine/stdx/brand'
import type { BackOff } from '../records/back-off.ts'
import type { Discard } from '../records/discard.ts'
import { type ManagedTable, openProcessId } from '../records/managed-table.ts'
import type { OptimizingProcess } from '../records/optimizing-process.ts'
import type { Task } from '../records/task.ts'
import { patchTable, processGuard, type StateChange } from '../store/state-change.ts'
import { nextBackOff } from '../tables/next-back-off.ts'
import { cancelTask } from './give-up-attempt.ts'
import { addDiscard } from './list-discard.ts'

/** A process with what belongs to it, as one consistent view. */
export type OpenProcess = {
  readonly process: OptimizingProcess
  readonly table: ManagedTable
  readonly tasks: readonly Task[]
}

/**
 * Ends a process that has committed nothing and never tried to: open tasks are canceled, finished outputs deleted, and
 * after a failure the table waits before it is planned again.
 */
export function endWithoutCommit(
  { process, table, tasks }: OpenProcess,
  end: { readonly status: 'failed' | 'canceled'; readonly reason: string },
  now: EpochMs,
): readonly StateChange[] {
  const state: ProcessState = { status: end.status, endedAt: now, reason: end.reason }
  return [
    { kind: 'move-process', processId: process.processId, from: processGuard(process), state },
    ...tasks.flatMap((task) => cancelTask(task, `the process ${end.status}: ${end.reason}`, now)),
    ...tasks.flatMap((task) => discardOutput(task, { commit: 'never-tried', dueAt: now })),
    ...(end.status === 'failed'
      ? restTable(process, table, { step: 'executing', reason: end.reason }, now)
      : freeTable(process, table, now)),
  ]
}

/** The output of a finished task that was not, or may not have been, committed. */
export function discardOutput(
  task: Task,
  { commit, dueAt }: Pick<Discard, 'commit' | 'dueAt'>,
): readonly StateChange[] {
  const { state } = task
  if (state.status !== 'succeeded') return []
  return [addDiscard(task, { attempt: state.assignment.attempt, commit, dueAt })]
}

/** The table goes to rest after a failed process, for longer each time. */
export function restTable(
  process: OptimizingProcess,
  table: ManagedTable,
  failure: Pick<BackOff, 'step' | 'reason'>,
  now: EpochMs,
): readonly StateChange[] {
  if (openProcessId(table) !== process.processId) return []
  const backOff = nextBackOff(table.backOff, failure, now)
  return [patchTable(table, { state: { phase: 'idle', since: now }, backOff })]
}

/** That somebody ended the process says nothing of the table: its failures neither grow nor end by it. */
function freeTable(process: OptimizingProcess, table: ManagedTable, now: EpochMs): readonly StateChange[] {
  return openProcessId(table) === process.processId ? [patchTable(table, { state: { phase: 'idle', since: now } })] : []
}
