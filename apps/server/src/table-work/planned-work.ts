import { partitionKey } from '@moraine/iceberg/partition/partition-path'
import { NEVER_OPTIMIZED } from '@moraine/maintenance/plan/evaluate-partition'
import { makeTasks } from '@moraine/maintenance/plan/make-tasks'
import { encodeRewritePlan } from '@moraine/maintenance/plan/rewrite-plan-json'
import { formatRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import { planTable } from '@moraine/maintenance/table/plan-table'
import type { IndexedTable } from '@moraine/maintenance/table/read-table'
import type { PlannedWork, PlanRequest } from '@moraine/management/table-work/table-maintenance'
import { formatExactJson } from '@moraine/stdx/exact-json'
import type { FileIO } from '@moraine/storage/file-io'
import { findingOf, settingsOf } from './table-findings.ts'

export type TableToPlan = {
  readonly io: FileIO
  readonly state: IndexedTable
  /** Refuses files that are not to be copied; absent where all are. */
  readonly checkFiles?: (locations: readonly string[]) => Promise<void>
}

/** Plans a table as it was read, and makes tasks of the plan. */
export async function plannedWork(
  { io, state, checkFiles }: TableToPlan,
  request: PlanRequest,
  signal: AbortSignal,
): Promise<PlannedWork> {
  const { type, filter, partitions } = request.request
  const made = await planTable(
    io,
    state,
    {
      type,
      now: request.now,
      maxCostBytes: request.maxCostBytes,
      ...(filter !== undefined && { filter }),
      ...(partitions !== undefined && { partitions }),
      clocks: (key) => request.clocks.get(key) ?? NEVER_OPTIMIZED,
    },
    signal,
  )
  const common = {
    metadataLocation: state.metadataLocation,
    baseSnapshotId: state.snapshot?.snapshotId,
    settings: settingsOf(state),
    finding: findingOf(made),
  }
  if (made === undefined) return { ...common, type: 'minor', plan: '', tasks: [] }
  await checkFiles?.(
    made.groups.flatMap(({ inputs, deletes }) => [...inputs, ...deletes].map(({ filePath }) => filePath)),
  )
  const tasks = makeTasks({
    name: request.table.name,
    metadata: state.metadata,
    plan: made,
    storage: NOT_YET,
    runId: String(request.processId),
  })
  return {
    ...common,
    type: made.optimizingType,
    plan: formatExactJson(encodeRewritePlan(made)),
    tasks: tasks.map((task) => ({
      partitionKey: partitionKey(task.group.specId, task.group.partition),
      partitionPath: task.group.partitionPath,
      method: task.group.method.kind,
      inputFiles: task.group.inputs.length,
      inputBytes: task.group.inputs.reduce((sum, input) => sum + input.fileSizeBytes, 0),
      input: formatRewriteTask(task),
    })),
  }
}

/** How to reach the files is put in when a task is handed out: credentials end while it waits. */
const NOT_YET = {}
