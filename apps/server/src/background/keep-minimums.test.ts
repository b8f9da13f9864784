import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '@moraine/management/resources/container'
import { buildOptimizer, buildResource, RESOURCE_2, T0 } from '@moraine/management/testing/build'
import { later } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { SILENT_LOG } from '../service/log.ts'
import { keepMinimums, type MinimumDeps } from './keep-minimums.ts'

const LOCAL = { name: 'local' } as Container
const group = (properties: Record<string, string>, container = 'local') => ({ name: 'default', container, properties })
const nothing = { resources: [], optimizers: [] }

async function setUp(parts: Partial<MinimumDeps> = {}) {
  const stores = memoryStores()
  await stores.groups.addGroup(group({}))
  const deps: MinimumDeps = {
    ...{ stores, containers: new Map([['local', LOCAL]]), leastThreads: new Map(), serviceStartedAt: T0 },
    ...{ clock: virtualClock(T0), random: seededRandom(1), log: SILENT_LOG },
    ...parts,
  }
  const requested = async () => (await stores.resources.listResources()).map(({ threads }) => threads)
  return { deps, stores, requested }
}

test('what a group has too little of is requested, those that come included', async () => {
  const { deps, requested } = await setUp()
  const groups = [group({ 'min-parallelism': '5' })]
  const coming = buildResource({ threads: 2, resourceId: RESOURCE_2 })
  await keepMinimums(deps, { groups, resources: [coming], optimizers: [buildOptimizer({ threads: 1 })] })
  assert.deepEqual(await requested(), [2])
})

test('nothing is requested where enough is, nobody launches, or optimizers follow the work', async () => {
  const { deps, requested } = await setUp()
  const enough = {
    groups: [group({ 'min-parallelism': '1' })],
    resources: [],
    optimizers: [buildOptimizer({ threads: 1 })],
  }
  await keepMinimums(deps, enough)
  await keepMinimums(deps, { groups: [group({ 'min-parallelism': '1' }, 'external')], ...nothing })
  await keepMinimums(deps, {
    groups: [
      group({
        'min-parallelism': '1',
        'dynamic-allocation.enabled': 'true',
        'dynamic-allocation.max-parallelism': '16',
      }),
    ],
    ...nothing,
  })
  await keepMinimums(deps, { groups: [group({})], ...nothing })
  assert.deepEqual(await requested(), [])
})

test('a group that does not say has what the service is started with', async () => {
  const { deps, requested } = await setUp({ leastThreads: new Map([['default', 3]]) })
  await keepMinimums(deps, { groups: [group({})], ...nothing })
  assert.deepEqual(await requested(), [3])
})

test('launches that fail are made ever later, and those from before this server led do not count', async () => {
  const { deps, stores, requested } = await setUp()
  const groups = [group({ 'min-parallelism': '1' })]
  const failed = { status: 'ended', launchedAt: T0, endedAt: T0, reason: 'no image', isFailure: true } as const
  const resource = buildResource({ state: failed })
  await stores.state.apply([{ kind: 'add-resource', resource }])
  const again = await keepMinimums(deps, { groups, ...nothing })
  assert.ok(again !== undefined && again > T0)
  assert.deepEqual(await requested(), [])
  await keepMinimums({ ...deps, serviceStartedAt: later(T0, 1) }, { groups, ...nothing })
  assert.deepEqual(await requested(), [1])
})
