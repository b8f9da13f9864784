import type { OptimizerId, ProcessId, ResourceId, TableId } from '@moraine/lifecycle/identity'
import type { OptimizingClocks } from '@moraine/maintenance/plan/evaluate-partition'
import type { Discard, DiscardKey } from '@moraine/management/records/discard'
import type { GroupAllocation } from '@moraine/management/records/group-allocation'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { Optimizer } from '@moraine/management/records/optimizer'
import type { OptimizingProcess } from '@moraine/management/records/optimizing-process'
import type { Resource } from '@moraine/management/records/resource'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import type { Attempt, Task } from '@moraine/management/records/task'
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
