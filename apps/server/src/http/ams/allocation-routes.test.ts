import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import { FRESH_MEMORY } from '@moraine/management/resources/allocation-memory'
import { decideAllocation } from '@moraine/management/resources/decide-allocation'
import { recordAllocation } from '@moraine/management/resources/record-allocation'
import { at, buildResource, T0 } from '@moraine/management/testing/build'
import { buildAllocationFacts, buildAllocationSettings } from '@moraine/management/testing/build-allocation'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

const ON = { 'dynamic-allocation.enabled': 'true', 'dynamic-allocation.max-parallelism': '100' }

async function setUp() {
  const stores = memoryStores()
  const server = await buildHttpServer(buildOptions({ stores, clock: virtualClock(at(12_000)) }))
  const ask = async (group: string) => {
    const { statusCode, body } = await server.inject(`/api/ams/v1/optimize/optimizerGroups/${group}/allocation`)
    return { statusCode, ...JSON.parse(body) }
  }
  return { stores, ask }
}

test('the last decision on a group is told by whoever is asked, at the moment of asking', async () => {
  const { stores, ask } = await setUp()
  await stores.groups.addGroup({ name: 'etl', container: 'local', properties: ON })
  assert.equal((await ask('etl')).result.rule, 'unseen')
  const facts = buildAllocationFacts({ registered: [2], busy: 2, planned: 5 })
  const settings = buildAllocationSettings()
  const decision = decideAllocation({ settings, facts, backOff: undefined, memory: FRESH_MEMORY, now: T0 })
  const ended = {
    status: 'ended',
    launchedAt: undefined,
    endedAt: at(-5),
    reason: 'exit code 1',
    isFailure: true,
  } as const
  await stores.state.apply([
    { kind: 'save-allocation', allocation: recordAllocation('etl', decision, undefined, T0) },
    { kind: 'add-resource', resource: buildResource({ group: 'etl', resourceId: 'r7' as ResourceId, state: ended }) },
  ])
  const { result } = await ask('etl')
  assert.deepEqual(
    { ...result, figures: result.figures.busyThreads, settings: result.settings.maxThreads },
    {
      group: 'etl',
      rule: 'backlog',
      text: '2 tasks running and 5 waiting for 2 threads: backlog for 12.0 s of 1 min',
      remedy: 'a lower dynamic-allocation.scheduler-backlog-timeout launches sooner',
      since: T0,
      until: at(60_000),
      figures: 2,
      settings: 100,
      launches: 0,
      releases: 0,
      launchedAt: null,
      releasedAt: null,
      backlogSince: T0,
      failures: [{ resourceId: 'r7', at: at(-5), reason: 'exit code 1' }],
    },
  )
})

test('a group without allocation says so, and one that is not there is not found', async () => {
  const { stores, ask } = await setUp()
  await stores.groups.addGroup({ name: 'etl', container: 'local', properties: {} })
  const { rule, settings, figures } = (await ask('etl')).result
  assert.deepEqual({ rule, settings, figures }, { rule: 'off', settings: null, figures: {} })
  const missing = await ask('none')
  assert.deepEqual(
    [missing.statusCode, missing.message],
    [404, "resource group 'none' does not exist; `moraine group list` lists those there are"],
  )
})
