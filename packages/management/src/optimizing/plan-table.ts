import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import type { ManagedTable, TablePatch } from '../records/managed-table.ts'
import { looksForAll, type RequestEnd } from '../records/optimize-request.ts'
import type { OptimizingProcess } from '../records/optimizing-process.ts'
import { boundedReason, type Task } from '../records/task.ts'
import { patchTable, type StateChange } from '../store/state-change.ts'
import type { PlannedWork } from '../table-work/table-maintenance.ts'
import { nextBackOff } from '../tables/next-back-off.ts'
import { wantsWork } from '../tables/refresh-table.ts'

/** Takes a pending table in hand. Whoever wins this guarded change plans it. */
export function beginPlanning(table: ManagedTable, now: EpochMs): readonly StateChange[] {
  return table.state.phase === 'pending'
    ? [patchTable(table, { state: { phase: 'planning', since: now }, plannedAt: now })]
    : []
}

/**
 * Turns a plan into a process with its tasks. A plan without tasks brings the table to rest, and is not made again for
 * the same metadata, unless it was asked for less than what the triggers look for. Decides nothing if the table is not being
 * planned any more.
 */
export function acceptPlan(
  table: ManagedTable,
  work: PlannedWork,
  processId: ProcessId,
  now: EpochMs,
): readonly StateChange[] {
  if (table.state.phase !== 'planning') return []
  const settings = latestSettings(table, work, table.state.since)
  if (!settings.enabled) {
    const answered = answerRequest(table, { kind: 'nothing-to-do', reason: 'self-optimizing.enabled is false' }, now)
    return [patchTable(table, { state: { phase: 'idle', since: now }, settings, ...answered })]
  }
  if (work.tasks.length === 0) return [patchTable(table, { ...afterEmptyPlan(table, work, now), settings })]
  const process = newProcess(table, { ...work, settings }, processId, now)
  return [
    {
      kind: 'add-process',
      process,
      plan: work.plan,
      tasks: work.tasks.map((planned, index) => ({ task: newTask(process, planned, index), input: planned.input })),
    },
    patchTable(table, {
      state: { phase: 'executing', since: now, type: work.type, processId },
      settings,
      emptyPlan: undefined,
      ...answerRequest(table, { kind: 'planned', processId }, now),
    }),
  ]
}

/** The table may have been looked at again while it was planned, by an older state of it. */
function latestSettings(
  { evaluation, evaluatedAt }: ManagedTable,
  work: PlannedWork,
  plannedSince: EpochMs,
): PlannedWork['settings'] {
  const isNewer = evaluation?.metadataLocation !== work.metadataLocation && (evaluatedAt ?? 0) >= plannedSince
  return evaluation !== undefined && isNewer ? evaluation.settings : work.settings
}

function afterEmptyPlan(table: ManagedTable, work: PlannedWork, now: EpochMs): TablePatch {
  const { request, evaluation } = table
  const answered = answerRequest(table, { kind: 'nothing-to-do', reason: boundedReason(work.finding.text) }, now)
  if (request !== undefined && !looksForAll(request)) {
    const isDue = evaluation !== undefined && wantsWork({ ...table, request: undefined }, evaluation)
    return { state: { phase: isDue ? 'pending' : 'idle', since: now }, ...answered }
  }
  // It answers the trigger that holds: of another type it would be asked for again and again.
  const type = evaluation?.needed ?? work.type
  const emptyPlan = { metadataLocation: work.metadataLocation, type, finding: work.finding }
  return { state: { phase: 'idle', since: now }, emptyPlan, ...answered }
}

/** The request is over, and what became of it is kept for whoever asked. */
function answerRequest({ request }: ManagedTable, answer: RequestEnd, now: EpochMs): TablePatch {
  return request === undefined
    ? { request }
    : { request: undefined, lastRequest: { ...request, answeredAt: now, ...answer } }
}

/** The table waits to be planned again, longer after each failure in a row. */
export function failPlanning(table: ManagedTable, reason: string, now: EpochMs): readonly StateChange[] {
  if (table.state.phase !== 'planning') return []
  const failure = boundedReason(reason)
  const backOff = nextBackOff(table.backOff, { step: 'planning', reason: failure }, now)
  const answered = answerRequest(table, { kind: 'failed', reason: failure }, now)
  return [patchTable(table, { state: { phase: 'pending', since: now }, backOff, ...answered })]
}

/** Whoever planned it is gone. */
export function abandonPlanning(table: ManagedTable, now: EpochMs): readonly StateChange[] {
  return table.state.phase === 'planning' ? [patchTable(table, { state: { phase: 'pending', since: now } })] : []
}

function newProcess(table: ManagedTable, work: PlannedWork, processId: ProcessId, now: EpochMs): OptimizingProcess {
  const { group, quota, executeRetries, allowPartialCommit } = work.settings
  return {
    processId,
    tableId: table.tableId,
    group,
    type: work.type,
    createdAt: now,
    baseSnapshotId: must(work.baseSnapshotId, 'the base snapshot of a plan with tasks'),
    metadataLocation: work.metadataLocation,
    quota,
    executeRetries,
    allowPartialCommit,
    isRequested: table.request !== undefined,
    taskCount: work.tasks.length,
    inputFiles: work.tasks.reduce((sum, task) => sum + task.inputFiles, 0),
    inputBytes: work.tasks.reduce((sum, task) => sum + task.inputBytes, 0),
    state: { status: 'executing' },
    result: undefined,
  }
}

function newTask(process: OptimizingProcess, planned: PlannedWork['tasks'][number], index: number): Task {
  const { partitionKey, partitionPath, method, inputFiles, inputBytes } = planned
  return {
    processId: process.processId,
    taskId: (index + 1) as TaskId,
    tableId: process.tableId,
    partitionKey,
    partitionPath,
    method,
    inputFiles,
    inputBytes,
    createdAt: process.createdAt,
    state: { status: 'planned', attempts: 0, failures: 0 },
    output: undefined,
  }
}
