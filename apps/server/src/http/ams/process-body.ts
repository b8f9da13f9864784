import type { OptimizingProcessBody, TaskEntry } from '@moraine/api/rest/process-schemas'
import { AMORO_PROCESS_STATUS, AMORO_PROCESS_TYPE, AMORO_TASK_STATUS } from '@moraine/lifecycle/amoro-words'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { OptimizingProcess } from '@moraine/management/records/optimizing-process'
import type { TaskCounts } from '@moraine/management/records/process-store'
import { databaseName } from '@moraine/management/records/table-name'
import { type Attempt, assignmentOf, type Task, type TaskOutputFigures } from '@moraine/management/records/task'
import type { EpochMs } from '@moraine/stdx/brand'
import { amoroSize } from './amoro-size.ts'

/** A process as Amoro shows it, and what it has of ours beside. */
export function processBody(
  { name }: ManagedTable,
  process: OptimizingProcess,
  tasks: TaskCounts,
  now: EpochMs,
): OptimizingProcessBody {
  const { state, result } = process
  const endedAt = 'endedAt' in state ? state.endedAt : undefined
  return {
    tableId: process.tableId,
    catalogName: name.catalog,
    dbName: databaseName(name.namespace),
    tableName: name.name,
    processId: process.processId,
    startTime: process.createdAt,
    optimizingType: AMORO_PROCESS_TYPE[process.type],
    status: AMORO_PROCESS_STATUS[state.status],
    state: {
      status: state.status,
      committedTasks: state.status === 'succeeded' ? state.committedTasks : null,
    },
    failReason: 'reason' in state ? (state.reason ?? null) : null,
    duration: (endedAt ?? now) - process.createdAt,
    successTasks: tasks.succeeded,
    totalTasks: process.taskCount,
    runningTasks: tasks.scheduled + tasks.acked,
    finishTime: endedAt ?? null,
    inputFiles: filesBody(process.inputFiles, process.inputBytes),
    outputFiles: filesBody(result?.outputFiles ?? 0, result?.outputBytes ?? 0),
    summary: processSummary(process),
    groupName: process.group,
    isRequested: process.isRequested,
    healthBefore: result?.healthBefore?.total ?? null,
  }
}

/** Under Amoro's names, as text. */
function processSummary({ inputFiles, inputBytes, baseSnapshotId, result }: OptimizingProcess) {
  return {
    'input-data-files(rewrite)': String(inputFiles),
    'input-data-size(rewrite)': String(inputBytes),
    'target-snapshot-id': baseSnapshotId.toString(),
    ...(result !== undefined && {
      'output-data-files': String(result.outputFiles),
      'output-data-size': String(result.outputBytes),
    }),
    ...(result?.snapshotId !== undefined && { 'committed-snapshot-id': result.snapshotId.toString() }),
  }
}

/** @param attempts all of the task, in order */
export function taskBody(task: Task, attempts: readonly Attempt[], now: EpochMs): TaskEntry {
  const { state, output } = task
  const last = attempts.at(-1)
  const owner = assignmentOf(task) ?? last
  return {
    tableId: task.tableId,
    processId: task.processId,
    taskId: task.taskId,
    partitionData: task.partitionPath,
    status: AMORO_TASK_STATUS[state.status],
    retryNum: retriesOf(state),
    optimizerToken: owner?.optimizerId ?? null,
    threadId: owner?.threadId ?? null,
    startTime: last?.scheduledAt ?? null,
    endTime: last?.end?.endedAt ?? null,
    costTime: attempts.reduce((sum, { scheduledAt, end }) => sum + (end?.endedAt ?? now) - scheduledAt, 0),
    failReason: 'reason' in state ? (state.reason ?? null) : null,
    inputFiles: filesBody(task.inputFiles, task.inputBytes),
    outputFiles: filesBody(output?.files ?? 0, output?.bytes ?? 0),
    summary: taskSummary(task, owner),
    properties: { method: task.method },
    cost: output === undefined ? null : costOf(output),
  }
}

/** Under Amoro's names, with its texts for sizes. Of records only those that were written are known. */
function taskSummary(
  { state, output, inputFiles, inputBytes }: Task,
  owner: { readonly optimizerId: string; readonly threadId: number } | undefined,
): Readonly<Record<string, string>> {
  return {
    'input-data-files(rewrite)': String(inputFiles),
    'input-data-size(rewrite)': amoroSize(inputBytes),
    ...(output !== undefined && {
      'output-data-files': String(output.files),
      'output-data-size': amoroSize(output.bytes),
      'output-data-records': String(output.records),
    }),
    'retry-count': String(retriesOf(state)),
    ...(owner !== undefined && {
      'optimizer.token': owner.optimizerId,
      'optimizer.thread-id': String(owner.threadId),
    }),
  }
}

function costOf({ method, records, elapsedMs, cpuMs, peakRssBytes }: TaskOutputFigures): TaskEntry['cost'] {
  return { method, records, elapsedMs, cpuMs, peakRssBytes }
}

function retriesOf({ attempts }: Task['state']): number {
  return Math.max(0, attempts - 1)
}

function filesBody(fileCnt: number, totalSize: number) {
  return { fileCnt, totalSize, averageSize: fileCnt === 0 ? 0 : Math.round(totalSize / fileCnt) }
}
