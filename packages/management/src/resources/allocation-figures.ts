import type { OptimizerId } from '@moraine/lifecycle/identity'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { AllocationFigures } from '../records/group-allocation.ts'
import type { Optimizer } from '../records/optimizer.ts'
import type { DispatchableProcess } from '../records/process-store.ts'
import type { Resource } from '../records/resource.ts'
import { isWithOneOf, runningAssignment, type Task } from '../records/task.ts'

/** What the records say of one group. */
export type AllocationFacts = {
  /** Those not gone, in order of registration. */
  readonly optimizers: readonly Optimizer[]
  /** Those not ended. */
  readonly resources: readonly Resource[]
  /** Scheduled and acked tasks of these optimizers. */
  readonly assigned: readonly Task[]
  /** Processes with planned tasks that nothing holds. */
  readonly dispatchable: readonly Pick<DispatchableProcess, 'quota' | 'plannedTasks' | 'runningTasks'>[]
  /** Tables that wait to be planned, and may be. */
  readonly pendingTables: number
  /** When the last attempt of an optimizer ended; absent if it had none. */
  readonly lastEnds: ReadonlyMap<OptimizerId, EpochMs>
}

/** An optimizer that may be released, and since when it has had nothing to do. */
export type IdleOptimizer = {
  readonly resource: Resource
  readonly threads: number
  readonly idleSince: EpochMs
}

/** Whoever has not registered by then is not reckoned with (Amoro's boot timeout). */
const OVERDUE_MS = 3 * 60_000

export function countAllocation(facts: AllocationFacts, now: EpochMs): AllocationFigures {
  const { leaving, staying } = splitOptimizers(facts)
  const sum = (some: readonly { readonly threads: number }[]) => some.reduce((total, { threads }) => total + threads, 0)
  const busy = busyOptimizers(facts.assigned)
  const present = new Set(facts.optimizers.map(({ resourceId }) => resourceId))
  const absent = facts.resources.filter(({ resourceId, state }) => isWanted(state) && !present.has(resourceId))
  const isOverdue = (resource: Resource) => later(resource.requestedAt, OVERDUE_MS) <= now
  const stayingIds = new Set(staying.map(({ optimizerId }) => optimizerId))
  return {
    registeredThreads: sum(staying),
    drainingThreads: sum(leaving),
    comingThreads: sum(absent.filter((resource) => !isOverdue(resource))),
    overdueThreads: sum(absent.filter(isOverdue)),
    busyThreads: facts.assigned.filter((task) => isWithOneOf(stayingIds, task)).length,
    serviceableTasks: facts.dispatchable.reduce((total, process) => total + serviceable(process), 0),
    pendingTables: facts.pendingTables,
    optimizers: staying.length,
    idleOptimizers: staying.filter(({ optimizerId }) => !busy.has(optimizerId)).length,
    leavingOptimizers: leaving.length,
  }
}

/** Optimizers without a task that a container runs, the longest idle first. */
export function idleOptimizers(facts: AllocationFacts): readonly IdleOptimizer[] {
  const busy = busyOptimizers(facts.assigned)
  const launched = new Map(
    facts.resources.flatMap((resource) =>
      resource.state.status === 'launched' ? [[resource.resourceId as string, resource] as const] : [],
    ),
  )
  return splitOptimizers(facts)
    .staying.flatMap(({ optimizerId, resourceId, threads, registeredAt }) => {
      const resource = launched.get(resourceId)
      if (resource === undefined || busy.has(optimizerId)) return []
      const idleSince = Math.max(registeredAt, facts.lastEnds.get(optimizerId) ?? 0) as EpochMs
      return [{ resource, threads, idleSince }]
    })
    .sort((a, b) => a.idleSince - b.idleSince || (a.resource.resourceId < b.resource.resourceId ? -1 : 1))
}

function isWanted({ status }: Resource['state']): boolean {
  return status === 'requested' || status === 'launched'
}

/** A fixed quota leaves room for so many threads more; one that is a share grows with them. */
function serviceable({ quota, plannedTasks, runningTasks }: AllocationFacts['dispatchable'][number]): number {
  return quota > 1 ? Math.min(plannedTasks, Math.max(0, Math.floor(quota) - runningTasks)) : plannedTasks
}

function splitOptimizers({ optimizers, resources }: AllocationFacts) {
  const releasing = new Set<string>(
    resources.flatMap(({ resourceId, state }) => (state.status === 'releasing' ? [resourceId] : [])),
  )
  const leaves = ({ state, resourceId }: Optimizer) => state.status !== 'active' || releasing.has(resourceId)
  const present = withoutGhosts(optimizers, resources)
  return { leaving: present.filter(leaves), staying: present.filter((optimizer) => !leaves(optimizer)) }
}

/** A process that lost its token registers again; until its first registration expires it would count twice. */
function withoutGhosts(optimizers: readonly Optimizer[], resources: readonly Resource[]): readonly Optimizer[] {
  const known = new Set<string>(resources.map(({ resourceId }) => resourceId))
  const latest = new Map(optimizers.map((optimizer) => [optimizer.resourceId, optimizer]))
  return optimizers.filter(
    (optimizer) => !known.has(optimizer.resourceId) || latest.get(optimizer.resourceId) === optimizer,
  )
}

function busyOptimizers(assigned: readonly Task[]): ReadonlySet<OptimizerId> {
  return new Set(assigned.flatMap((task) => runningAssignment(task)?.optimizerId ?? []))
}
