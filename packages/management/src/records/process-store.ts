import type { OptimizerId, ProcessId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { ProcessStatus } from '@moraine/lifecycle/process-status'
import type { TaskStatus } from '@moraine/lifecycle/task-status'
import type { EpochMs } from '@moraine/stdx/brand'
import type { OptimizingProcess } from './optimizing-process.ts'
import type { Pause } from './pause.ts'
import type { TableSettings } from './table-settings.ts'
import type { Attempt, Task } from './task.ts'

/** Reads processes. They change only through `StateStore.apply`. */
/** Those of one status, in order of id, which is that of their beginning: those after `after`. */
export type OpenProcessQuery = {
  readonly status: 'executing' | 'committing'
  readonly after?: ProcessId
  readonly limit: number
}

export interface ProcessStore {
  findProcess(processId: ProcessId): Promise<OptimizingProcess | undefined>
  /** The plan as the planner wrote it. */
  findPlan(processId: ProcessId): Promise<string | undefined>
  /** Newest first. */
  listProcesses(query: ProcessQuery): Promise<ProcessPage>
  /** Processes that are executing or committing, oldest first. */
  listOpenProcesses(query: OpenProcessQuery): Promise<readonly OptimizingProcess[]>
  /** Finished before `before`, oldest first; not those of which outputs are still to be discarded. */
  listFinished(before: EpochMs, limit: number): Promise<readonly ProcessId[]>
}

export type ProcessQuery = {
  readonly tableId: TableId
  readonly statuses?: readonly ProcessStatus[]
  readonly type?: OptimizingType
  readonly offset: number
  readonly limit: number
}

export type ProcessPage = { readonly processes: readonly OptimizingProcess[]; readonly total: number }

/** Reads tasks, their payloads and their attempts. They change only through `StateStore.apply`. */
export interface TaskStore {
  findTask(processId: ProcessId, taskId: TaskId): Promise<Task | undefined>
  /** All of a process, in order of id. */
  listTasks(processId: ProcessId): Promise<readonly Task[]>
  /** In order of id. */
  pageTasks(processId: ProcessId, page: { readonly offset: number; readonly limit: number }): Promise<readonly Task[]>
  countTasks(processIds: readonly ProcessId[]): Promise<ReadonlyMap<ProcessId, TaskCounts>>
  /** The first planned tasks of a process, in order of id. */
  listPlanned(processId: ProcessId, limit: number): Promise<readonly Task[]>
  /** Tasks that are scheduled or acked, by process and id; of one optimizer, or one process, if named. */
  listAssigned(of?: { readonly optimizerId?: OptimizerId; readonly processId?: ProcessId }): Promise<readonly Task[]>
  findInput(processId: ProcessId, taskId: TaskId): Promise<string | undefined>
  findOutput(processId: ProcessId, taskId: TaskId): Promise<string | undefined>
  /** Executing processes of a group that have planned tasks. */
  listDispatchable(group: string): Promise<readonly DispatchableProcess[]>
  /** Milliseconds of attempts of each table inside the window that begins at `since`; absent if none. */
  sumAttemptTime(since: EpochMs, now: EpochMs): Promise<ReadonlyMap<TableId, number>>
  /** Attempts at these tasks of a process, by task and attempt. */
  listAttempts(processId: ProcessId, taskIds: readonly TaskId[]): Promise<readonly Attempt[]>
  /** Open processes' tasks by group and status. */
  countGroupTasks(): Promise<readonly GroupTaskCount[]>
}

export type TaskCounts = Readonly<Record<TaskStatus, number>>

export type GroupTaskCount = { readonly group: string; readonly status: TaskStatus; readonly tasks: number }

/** What the choice of the next task looks at. Everything is derived from task and attempt records. */
export type DispatchableProcess = {
  readonly processId: ProcessId
  readonly tableId: TableId
  readonly quota: number
  readonly plannedTasks: number
  /** Threads that work for the table now. */
  readonly runningTasks: number
  /** When a task of it was last handed out; 0 if never. */
  readonly lastAssignedAt: EpochMs
  readonly isRequested: boolean
  /** Of its table, as they are now. */
  readonly catalog: string
  readonly settings: TableSettings
  readonly pause: Pause | undefined
}

export const NO_TASKS: TaskCounts = { planned: 0, scheduled: 0, acked: 0, succeeded: 0, failed: 0, canceled: 0 }
