import { isWithOneOf } from '@moraine/management/records/task'
import { type AllocationFacts, countAllocation } from '@moraine/management/resources/allocation-figures'
import { readAllocation } from '@moraine/management/resources/allocation-settings'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { Counter, Gauge, type Registry } from 'prom-client'

export type AllocationMetricsDeps = {
  readonly stores: Pick<Stores, 'groups' | 'optimizers' | 'resources' | 'tasks' | 'allocations'>
  readonly clock: Pick<Clock, 'now'>
}

/**
 * What dynamic allocation is judged by, under Amoro's names. All of it comes from records, so that every server tells the
 * same, and what was counted outlives the leader that counted it.
 */
export function allocationMetrics(registry: Registry, { stores, clock }: AllocationMetricsDeps): () => Promise<void> {
  const common = { labelNames: ['group'], registers: [registry] }
  const gauge = (name: string, help: string) => new Gauge({ ...common, name: `amoro_optimizer_group_${name}`, help })
  const counter = (name: string, help: string) =>
    new Counter({ ...common, name: `amoro_optimizer_group_${name}`, help })
  const idle = gauge('idle_optimizers', 'Optimizers that take tasks and have none')
  const leaving = gauge('pending_removal_optimizers', 'Optimizers that end their tasks and go')
  const effective = gauge('effective_threads', 'Threads that take tasks, and those that are about to come')
  const invalid = gauge('config_invalid', '1 if dynamic allocation is off because it is set so that it cannot work')
  const backlog = gauge('backlog_duration_ms', 'For how long there has been more work than threads; 0 if there is not')
  const ups = counter('scale_up_total', 'How often dynamic allocation launched optimizers')
  const downs = counter('scale_down_total', 'How often dynamic allocation released an optimizer')
  const all = [idle, leaving, effective, invalid, backlog, ups, downs]
  return async () => {
    for (const metric of all) metric.reset()
    const now = clock.now()
    const optimizers = await stores.optimizers.listLiveOptimizers()
    const resources = await stores.resources.listResources()
    const assigned = await stores.tasks.listAssigned()
    const recorded = await stores.allocations.listAllocations()
    for (const group of await stores.groups.listGroups()) {
      const labels = { group: group.name }
      const own = optimizers.filter((optimizer) => optimizer.group === group.name)
      const ids = new Set(own.map(({ optimizerId }) => optimizerId))
      const facts: AllocationFacts = {
        optimizers: own,
        resources: resources.filter((resource) => resource.group === group.name),
        assigned: assigned.filter((task) => isWithOneOf(ids, task)),
        ...{ dispatchable: [], pendingTables: 0, lastEnds: new Map() },
      }
      const figures = countAllocation(facts, now)
      const allocation = readAllocation(group)
      const last = recorded.find((each) => each.group === group.name)
      const backlogSince = allocation.kind === 'on' ? last?.backlogSince : undefined
      idle.set(labels, figures.idleOptimizers)
      leaving.set(labels, figures.leavingOptimizers)
      effective.set(labels, figures.registeredThreads + figures.comingThreads)
      invalid.set(labels, allocation.kind === 'invalid' ? 1 : 0)
      backlog.set(labels, backlogSince === undefined ? 0 : Math.max(0, now - backlogSince))
      ups.inc(labels, last?.launches ?? 0)
      downs.inc(labels, last?.releases ?? 0)
    }
  }
}
