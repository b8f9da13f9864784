import type { OptimizerId, ProcessId, ResourceId, TableId } from '@moraine/lifecycle/identity'
import type { OptimizingClocks } from '@moraine/maintenance/plan/evaluate-partition'
import type { Discard, DiscardKey } from '@moraine/management/optimizing/discard'
import type { OptimizingProcess } from '@moraine/management/optimizing/optimizing-process'
import type { Attempt, Task } from '@moraine/management/optimizing/task'
import type { GroupAllocation } from '@moraine/management/resources/group-allocation'
import type { Optimizer } from '@moraine/management/resources/optimizer'
import type { Resource } from '@moraine/management/resources/resource'
import type { ResourceGroup } from '@moraine/management/resources/resource-group'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
import type { MemoryBlocker } from './memory-blockers.ts'
import type { MemoryLease } from './memory-leases.ts'

export type MemoryState = {
  readonly tables: Map<TableId, ManagedTable>
  readonly clocks: Map<TableId, Map<string, OptimizingClocks>>
  readonly processes: Map<ProcessId, MemoryProcess>
  readonly discards: Map<string, Discard>
  readonly optimizers: Map<OptimizerId, { optimizer: Optimizer; readonly tokenHash: string }>
  readonly resources: Map<ResourceId, Resource>
  readonly groups: Map<string, ResourceGroup>
  readonly allocations: Map<string, GroupAllocation>
  readonly blockers: Map<string, MemoryBlocker>
  readonly leases: Map<string, MemoryLease>
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
    resources: new Map(),
    groups: new Map(),
    allocations: new Map(),
    blockers: new Map(),
    leases: new Map(),
  }
}

export function attemptKey({ taskId, attempt }: Pick<Attempt, 'taskId' | 'attempt'>): string {
  return `${taskId}/${attempt}`
}

export function discardKey({ processId, taskId, attempt }: DiscardKey): string {
  return `${processId}/${taskId}/${attempt}`
}
