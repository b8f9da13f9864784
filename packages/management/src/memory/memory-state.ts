import type { OptimizerId, ProcessId, TableId } from '@moraine/lifecycle/identity'
import type { OptimizingClocks } from '@moraine/maintenance/plan/evaluate-partition'
import type { Discard } from '../optimizing/discard.ts'
import type { OptimizingProcess } from '../optimizing/optimizing-process.ts'
import type { Attempt, Task } from '../optimizing/task.ts'
import type { Optimizer } from '../resources/optimizer.ts'
import type { ResourceGroup } from '../resources/resource-group.ts'
import type { ManagedTable } from '../tables/managed-table.ts'

export type MemoryState = {
  readonly tables: Map<TableId, ManagedTable>
  readonly clocks: Map<TableId, Map<string, OptimizingClocks>>
  readonly processes: Map<ProcessId, MemoryProcess>
  readonly discards: Map<string, Discard>
  readonly optimizers: Map<OptimizerId, { optimizer: Optimizer; readonly tokenHash: string }>
  readonly groups: Map<string, ResourceGroup>
}

/** Tasks by their 1-based id: the first is at index 0. */
export type MemoryProcess = {
  process: OptimizingProcess
  readonly plan: string
  readonly tasks: { task: Task; readonly input: string; output: string | undefined }[]
  readonly attempts: Map<string, Attempt>
}

export function emptyState(): MemoryState {
  return {
    tables: new Map(),
    clocks: new Map(),
    processes: new Map(),
    discards: new Map(),
    optimizers: new Map(),
    groups: new Map(),
  }
}

export function attemptKey({ taskId, attempt }: Pick<Attempt, 'taskId' | 'attempt'>): string {
  return `${taskId}/${attempt}`
}

export function discardKey({ processId, taskId, attempt }: Discard): string {
  return `${processId}/${taskId}/${attempt}`
}
