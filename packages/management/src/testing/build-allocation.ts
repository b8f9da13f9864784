import type { OptimizerId, ResourceId, TaskId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'
import type { AllocationFacts } from '../resources/allocation-figures.ts'
import type { AllocationSettings } from '../resources/allocation-settings.ts'
import { buildOptimizer, buildResource, buildTask, T0 } from './build.ts'

/** Amoro's defaults, and a maximum. */
export function buildAllocationSettings(parts: Partial<AllocationSettings> = {}): AllocationSettings {
  return {
    minThreads: 0,
    maxThreads: 100,
    threadsPerOptimizer: 2,
    backlogTimeoutMs: 60_000,
    sustainedTimeoutMs: 30_000,
    idleTimeoutMs: 300_000,
    cooldownMs: 60_000,
    drainTimeoutMs: 900_000,
    ...parts,
  }
}

export type GroupAtWork = {
  /** Threads of each optimizer that is registered and was launched. */
  readonly registered?: readonly number[]
  readonly draining?: readonly number[]
  /** Threads of each that is wanted and has not come. */
  readonly coming?: readonly number[]
  /** When those were asked for. */
  readonly requestedAt?: EpochMs
  /** Tasks at work, filled into the optimizers in order. */
  readonly busy?: number
  /** Planned tasks of one table, whose quota is a share. */
  readonly planned?: number
  readonly pending?: number
  /** When the last task of each of `registered` ended. */
  readonly lastEnds?: readonly EpochMs[]
}

/** The records of a group that is as is said; optimizers are named `o0`, `o1` ..., their resources `r0`, `r1` ... */
export function buildAllocationFacts(group: GroupAtWork): AllocationFacts {
  const { registered = [], draining = [], coming = [], busy = 0, planned = 0, lastEnds = [] } = group
  const present = [...registered, ...draining]
  const optimizers = present.map((threads, index) =>
    buildOptimizer({
      ...{ optimizerId: `o${index}` as OptimizerId, resourceId: `r${index}`, threads },
      ...(index >= registered.length && { state: { status: 'draining' as const, touchedAt: T0 } }),
    }),
  )
  const slots = optimizers.flatMap(({ optimizerId, threads }) =>
    Array.from({ length: threads }, (_, threadId) => ({ optimizerId, threadId, attempt: 1 })),
  )
  const launched = { status: 'launched', launchedAt: T0 } as const
  return {
    optimizers,
    resources: [
      ...present.map((threads, index) =>
        buildResource({ resourceId: `r${index}` as ResourceId, threads, state: launched }),
      ),
      ...coming.map((threads, index) =>
        buildResource({
          resourceId: `r${present.length + index}` as ResourceId,
          threads,
          requestedAt: group.requestedAt ?? T0,
        }),
      ),
    ],
    assigned: slots.slice(0, busy).map((assignment, index) =>
      buildTask({
        taskId: (index + 1) as TaskId,
        state: { status: 'scheduled', attempts: 1, failures: 0, assignment, scheduledAt: T0 },
      }),
    ),
    dispatchable: planned === 0 ? [] : [{ quota: 0.5, plannedTasks: planned, runningTasks: 0 }],
    pendingTables: group.pending ?? 0,
    lastEnds: new Map(lastEnds.map((endedAt, index) => [`o${index}` as OptimizerId, endedAt])),
  }
}
