import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId, ResourceId } from '@moraine/lifecycle/identity'
import { FRESH_MEMORY } from '@moraine/management/resources/allocation-memory'
import { decideAllocation } from '@moraine/management/resources/decide-allocation'
import { recordAllocation } from '@moraine/management/resources/record-allocation'
import {
  at,
  buildOptimizer,
  buildProcess,
  buildResource,
  buildTask,
  scheduledState,
  T0,
} from '@moraine/management/testing/build'
import { buildAllocationFacts, buildAllocationSettings } from '@moraine/management/testing/build-allocation'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { Registry } from 'prom-client'
import { allocationMetrics } from './allocation-metrics.ts'

const ON = { 'dynamic-allocation.enabled': 'true', 'dynamic-allocation.max-parallelism': '8' }

test('allocation is measured from the records, for each group', async () => {
  const stores = memoryStores()
  for (const [name, properties] of [
    ['default', ON],
    ['wrong', { ...ON, 'dynamic-allocation.max-parallelism': 'many' }],
  ] as const) {
    await stores.groups.addGroup({ name, container: 'local', properties })
  }
  const optimizers = ['optimizer-1', 'o2', 'o3'].map((id) =>
    buildOptimizer({
      optimizerId: id as OptimizerId,
      resourceId: `of-${id}`,
      state: { status: id === 'o3' ? 'draining' : 'active', touchedAt: T0 },
    }),
  )
  const settings = buildAllocationSettings()
  const facts = buildAllocationFacts({ registered: [2], busy: 2, planned: 3 })
  const decision = decideAllocation({ settings, facts, backOff: undefined, memory: FRESH_MEMORY, now: T0 })
  const allocation = { ...recordAllocation('default', decision, undefined, T0), launches: 4, releases: 2 }
  await stores.state.apply([
    ...optimizers.map((optimizer) => ({ kind: 'add-optimizer', optimizer, tokenHash: optimizer.optimizerId }) as const),
    { kind: 'add-resource', resource: buildResource({ resourceId: 'coming' as ResourceId, threads: 3 }) },
    {
      kind: 'add-process',
      process: buildProcess({ taskCount: 1 }),
      plan: '',
      tasks: [{ task: buildTask({ state: scheduledState() }), input: '' }],
    },
    { kind: 'save-allocation', allocation },
  ])
  const registry = new Registry()
  const read = allocationMetrics(registry, { stores, clock: virtualClock(at(700)) })
  const told = async () => {
    await read()
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('amoro_'))
    return lines.map((line) => line.slice('amoro_optimizer_group_'.length)).sort()
  }
  const expected = [
    'backlog_duration_ms{group="default"} 700',
    'backlog_duration_ms{group="wrong"} 0',
    'config_invalid{group="default"} 0',
    'config_invalid{group="wrong"} 1',
    'effective_threads{group="default"} 7',
    'effective_threads{group="wrong"} 0',
    'idle_optimizers{group="default"} 1',
    'idle_optimizers{group="wrong"} 0',
    'pending_removal_optimizers{group="default"} 1',
    'pending_removal_optimizers{group="wrong"} 0',
    'scale_down_total{group="default"} 2',
    'scale_down_total{group="wrong"} 0',
    'scale_up_total{group="default"} 4',
    'scale_up_total{group="wrong"} 0',
  ]
  assert.deepEqual(await told(), expected)
  assert.deepEqual(await told(), expected, 'nothing is counted twice')
  await stores.groups.removeGroup('wrong')
  assert.ok(!(await told()).some((line) => line.includes('wrong')))
})
