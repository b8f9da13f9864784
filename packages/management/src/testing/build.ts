import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { OptimizerId, ProcessId, ResourceId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { TaskState } from '@moraine/lifecycle/task-status'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { ManagedTable } from '../records/managed-table.ts'
import type { Optimizer } from '../records/optimizer.ts'
import type { OptimizingProcess } from '../records/optimizing-process.ts'
import type { DispatchableProcess } from '../records/process-store.ts'
import type { Resource } from '../records/resource.ts'
import type { TableEvaluation } from '../records/table-evaluation.ts'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import type { Task } from '../records/task.ts'
import type { PlannedTask, PlannedWork } from '../table-work/table-maintenance.ts'

/** Values for tests: complete and plausible, with the parts that matter to the test given. */

export const T0 = 1_800_000_000_000 as EpochMs

export function at(ms: number): EpochMs {
  return later(T0, ms)
}

export const PROCESS_1 = '1887436800000000001' as ProcessId
export const PROCESS_2 = '1887436800000000002' as ProcessId
export const OPTIMIZER_1 = 'optimizer-1' as OptimizerId
export const OPTIMIZER_2 = 'optimizer-2' as OptimizerId
export const RESOURCE_1 = 'resource-1' as ResourceId
export const RESOURCE_2 = 'resource-2' as ResourceId
export const SNAPSHOT = 9_007_199_254_740_993_001n as unknown as SnapshotId

export function buildTable(parts: Partial<ManagedTable> = {}): ManagedTable {
  return {
    tableId: 1 as TableId,
    name: { catalog: 'lake', namespace: ['sales'], name: 'orders' },
    format: 'ICEBERG',
    createdAt: T0,
    version: 1,
    settings: DEFAULT_TABLE_SETTINGS,
    state: { phase: 'idle', since: T0 },
    evaluation: undefined,
    evaluatedAt: undefined,
    refreshFailure: undefined,
    emptyPlan: undefined,
    optimizedSnapshotId: undefined,
    optimizedAt: undefined,
    plannedAt: undefined,
    backOff: undefined,
    request: undefined,
    lastRequest: undefined,
    pause: undefined,
    ...parts,
  }
}

export function buildEvaluation(parts: Partial<TableEvaluation> = {}): TableEvaluation {
  return {
    metadataLocation: 'file:///lake/orders/metadata/v1.metadata.json',
    snapshotId: SNAPSHOT,
    settings: DEFAULT_TABLE_SETTINGS,
    needed: 'minor',
    finding: { text: '13 fragments of 12', figures: { fragments: 13 } },
    health: { total: 60, smallFiles: 10, equalityDeletes: 30, positionDeletes: 20 },
    totals: {
      dataFiles: 13,
      dataBytes: 13_000,
      records: 130,
      positionDeleteFiles: 0,
      equalityDeleteFiles: 0,
      deleteBytes: 0,
    },
    pending: { partitions: 1, files: 13, bytes: 13_000 },
    reevaluateAt: undefined,
    ...parts,
  }
}

export function buildWork(tasks: number, parts: Partial<PlannedWork> = {}): PlannedWork {
  return {
    metadataLocation: 'file:///lake/orders/metadata/v1.metadata.json',
    baseSnapshotId: SNAPSHOT,
    type: 'minor',
    settings: DEFAULT_TABLE_SETTINGS,
    finding: { text: `${tasks} groups`, figures: { groups: tasks } },
    plan: '{"planVersion":1}',
    tasks: Array.from({ length: tasks }, (_, index) => buildPlannedTask(index)),
    ...parts,
  }
}

function buildPlannedTask(index: number): PlannedTask {
  return {
    partitionKey: `p${index}`,
    partitionPath: `day=${index}`,
    method: 'concat',
    inputFiles: 13,
    inputBytes: 13_000,
    input: `{"task":${index + 1}}`,
  }
}

export function buildProcess(parts: Partial<OptimizingProcess> = {}): OptimizingProcess {
  return {
    processId: PROCESS_1,
    tableId: 1 as TableId,
    group: 'default',
    type: 'minor',
    createdAt: T0,
    baseSnapshotId: SNAPSHOT,
    metadataLocation: 'file:///lake/orders/metadata/v1.metadata.json',
    quota: 0.5,
    executeRetries: 1,
    allowPartialCommit: false,
    isRequested: false,
    taskCount: 2,
    inputFiles: 26,
    inputBytes: 26_000,
    state: { status: 'executing' },
    result: undefined,
    ...parts,
  }
}

/** One with ten tasks of which no thread has any. */
export function buildDispatchable(parts: Partial<DispatchableProcess> = {}): DispatchableProcess {
  return {
    processId: PROCESS_1,
    tableId: 1 as TableId,
    quota: 1,
    plannedTasks: 10,
    runningTasks: 0,
    lastAssignedAt: 0 as EpochMs,
    isRequested: false,
    catalog: 'lake',
    settings: DEFAULT_TABLE_SETTINGS,
    pause: undefined,
    ...parts,
  }
}

export function buildTask(parts: Partial<Task> = {}): Task {
  return {
    processId: PROCESS_1,
    taskId: 1 as TaskId,
    tableId: 1 as TableId,
    partitionKey: 'p0',
    partitionPath: 'day=0',
    method: 'concat',
    inputFiles: 13,
    inputBytes: 13_000,
    createdAt: T0,
    state: { status: 'planned', attempts: 0, failures: 0 },
    output: undefined,
    ...parts,
  }
}

export const SLOT_1 = { optimizerId: OPTIMIZER_1, threadId: 0 }

export function scheduledState(attempt = 1): TaskState {
  const assignment = { ...SLOT_1, attempt }
  return { status: 'scheduled', attempts: attempt, failures: 0, assignment, scheduledAt: T0 }
}

export function ackedState(attempt = 1, failures = 0): TaskState {
  const assignment = { ...SLOT_1, attempt }
  return { status: 'acked', attempts: attempt, failures, assignment, scheduledAt: T0, ackedAt: T0 }
}

export function succeededState(attempt = 1): TaskState {
  const assignment = { ...SLOT_1, attempt }
  return { status: 'succeeded', attempts: attempt, failures: 0, assignment, scheduledAt: T0, endedAt: at(10) }
}

export const OUTPUT_FIGURES = {
  files: 1,
  bytes: 12_000,
  records: 130,
  method: 'concat',
  elapsedMs: 5,
  cpuMs: 4,
  peakRssBytes: 100,
}

export function buildOptimizer(parts: Partial<Optimizer> = {}): Optimizer {
  return {
    optimizerId: OPTIMIZER_1,
    group: 'default',
    container: 'local',
    resourceId: 'resource-1',
    threads: 2,
    memoryMb: 1024,
    registeredAt: T0,
    properties: { 'payload-versions': '1' },
    state: { status: 'active', touchedAt: T0 },
    ...parts,
  }
}

/** One that was just asked for. */
export function buildResource(parts: Partial<Resource> = {}): Resource {
  return {
    resourceId: RESOURCE_1,
    group: 'default',
    container: 'local',
    threads: 2,
    memoryMb: 1024,
    requestedAt: T0,
    reason: 'asked for by root',
    state: { status: 'requested', attempts: 0, retryAt: T0 },
    ...parts,
  }
}
