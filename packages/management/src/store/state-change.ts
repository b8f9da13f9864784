import type { OptimizerId, ProcessId, ResourceId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { OptimizerState, OptimizerStatus } from '@moraine/lifecycle/optimizer-status'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { ProcessState } from '@moraine/lifecycle/process-status'
import type { ResourceState, ResourceStatus } from '@moraine/lifecycle/resource-status'
import type { TablePhase } from '@moraine/lifecycle/table-phase'
import type { TaskState, TaskStatus } from '@moraine/lifecycle/task-status'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Discard, DiscardKey } from '../records/discard.ts'
import type { GroupAllocation } from '../records/group-allocation.ts'
import type { ManagedTable, TablePatch } from '../records/managed-table.ts'
import type { Optimizer } from '../records/optimizer.ts'
import type { OptimizingProcess, ProcessResult } from '../records/optimizing-process.ts'
import type { Resource } from '../records/resource.ts'
import type { TableName } from '../records/table-name.ts'
import type { Attempt, AttemptEnd, Task, TaskOutputFigures } from '../records/task.ts'

/**
 * What decisions return: every write of the service as a value. A list of changes is applied in one transaction or not
 * at all. Those with `from` are guarded by what the decision saw, and lose if it is no longer so.
 */
export type StateChange =
  | { readonly kind: 'patch-table'; readonly tableId: TableId; readonly from: TableGuard; readonly patch: TablePatch }
  /** Refused if another table has the name. */
  | { readonly kind: 'rename-table'; readonly tableId: TableId; readonly from: TableGuard; readonly name: TableName }
  | { readonly kind: 'remove-table'; readonly tableId: TableId; readonly from: TableGuard }
  | {
      readonly kind: 'set-clocks'
      readonly tableId: TableId
      readonly partitionKeys: readonly string[]
      readonly type: OptimizingType
      readonly at: EpochMs
    }
  | {
      readonly kind: 'add-process'
      readonly process: OptimizingProcess
      readonly plan: string
      readonly tasks: readonly NewTask[]
    }
  | {
      readonly kind: 'move-process'
      readonly processId: ProcessId
      readonly from: ProcessGuard
      readonly state: ProcessState
      readonly result?: ProcessResult
    }
  | { readonly kind: 'remove-process'; readonly processId: ProcessId }
  | {
      readonly kind: 'move-task'
      readonly processId: ProcessId
      readonly taskId: TaskId
      readonly from: TaskGuard
      readonly state: TaskState
      readonly output?: { readonly payload: string; readonly figures: TaskOutputFigures }
    }
  | { readonly kind: 'begin-attempt'; readonly attempt: Attempt }
  | {
      readonly kind: 'end-attempt'
      readonly processId: ProcessId
      readonly taskId: TaskId
      readonly attempt: number
      readonly end: AttemptEnd
    }
  | { readonly kind: 'add-discard'; readonly discard: Discard }
  | {
      readonly kind: 'postpone-discard'
      readonly key: DiscardKey
      readonly dueAt: EpochMs
      readonly reason: string
    }
  /** Keeps what a table was called that is forgotten, for the outputs that are still to be discarded. */
  | { readonly kind: 'name-discards'; readonly tableId: TableId; readonly table: TableName }
  | { readonly kind: 'remove-discard'; readonly key: DiscardKey }
  /** Changes nothing: the group is there, and not removed before the others are written. */
  | { readonly kind: 'hold-group'; readonly group: string }
  | { readonly kind: 'add-optimizer'; readonly optimizer: Optimizer; readonly tokenHash: string }
  | {
      readonly kind: 'move-optimizer'
      readonly optimizerId: OptimizerId
      readonly from: OptimizerGuard
      readonly state: OptimizerState
    }
  | { readonly kind: 'remove-optimizer'; readonly optimizerId: OptimizerId }
  | { readonly kind: 'add-resource'; readonly resource: Resource }
  | {
      readonly kind: 'move-resource'
      readonly resourceId: ResourceId
      readonly from: ResourceGuard
      readonly state: ResourceState
    }
  | { readonly kind: 'remove-resource'; readonly resourceId: ResourceId }
  /** Adds it, or replaces the one of its group. */
  | { readonly kind: 'save-allocation'; readonly allocation: GroupAllocation }

export type NewTask = { readonly task: Task; readonly input: string }

export type TableGuard = { readonly version: number; readonly phase: TablePhase }
/** `commitAttempts` is 0 unless the process is committing. */
export type ProcessGuard = { readonly status: ProcessState['status']; readonly commitAttempts: number }
export type TaskGuard = { readonly status: TaskStatus; readonly attempts: number }
export type OptimizerGuard = { readonly status: OptimizerStatus; readonly touchedAt: EpochMs }
/** `attempts` is 0 unless its container is asked for something. */
export type ResourceGuard = { readonly status: ResourceStatus; readonly attempts: number }

export function tableGuard({ version, state }: ManagedTable): TableGuard {
  return { version, phase: state.phase }
}

export function patchTable(table: ManagedTable, patch: TablePatch): StateChange {
  return { kind: 'patch-table', tableId: table.tableId, from: tableGuard(table), patch }
}

export function processGuard({ state }: OptimizingProcess): ProcessGuard {
  return { status: state.status, commitAttempts: state.status === 'committing' ? state.commitAttempts : 0 }
}

export function optimizerGuard({ state }: Optimizer): OptimizerGuard {
  return { status: state.status, touchedAt: state.touchedAt }
}

export function resourceGuard({ state }: Resource): ResourceGuard {
  const isAsked = state.status === 'requested' || state.status === 'releasing'
  return { status: state.status, attempts: isAsked ? state.attempts : 0 }
}

export function taskGuard({ state }: Task): TaskGuard {
  return { status: state.status, attempts: state.attempts }
}
