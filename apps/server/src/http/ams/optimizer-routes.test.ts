import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptimizerId } from '@moraine/lifecycle/identity'
import {
  at,
  buildOptimizer,
  buildResource,
  OPTIMIZER_1,
  OPTIMIZER_2,
  RESOURCE_1,
  T0,
} from '@moraine/management/testing/build'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { BUILT_IN_CONTAINERS, type ContainerConfig } from '../../config/container-config.ts'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from '../testing/build-options.ts'

const FARM: ContainerConfig = {
  name: 'farm',
  kind: 'kubernetes',
  properties: { image: 'moraine:1', 'registry.password': 'hidden', podTemplate: 'env: hidden' },
}

async function setUp() {
  const stores = memoryStores()
  const server = await buildHttpServer(buildOptions({ stores, containers: [FARM, ...BUILT_IN_CONTAINERS] }))
  await stores.groups.addGroup({ name: 'default', container: 'local', properties: { memory: '2048' } })
  await stores.groups.addGroup({ name: 'hand', container: 'external', properties: {} })
  const call = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, payload?: object) => {
    const answer = await server.inject({ method, url: `/api/ams/v1${path}`, ...(payload && { payload }) })
    const { message, result } = answer.json()
    return { status: answer.statusCode, message, result }
  }
  return { stores, call }
}

test('a group is scaled out: recorded, answered at once, and shown', async () => {
  const { stores, call } = await setUp()
  const answer = await call('POST', '/optimize/optimizerGroups/default/optimizers', { parallelism: 3 })
  assert.deepEqual([answer.status, answer.result], [200, 'success to scaleOut optimizer'])
  assert.equal((await call('POST', '/optimize/optimizers', { optimizerGroup: 'default', parallelism: 1 })).status, 200)
  const recorded = await stores.resources.listResources('default')
  assert.deepEqual(recorded.map(({ container, threads, memoryMb }) => `${container} ${threads} ${memoryMb}`).sort(), [
    'local 1 2048',
    'local 3 2048',
  ])
  const { result } = await call('GET', '/optimize/optimizerGroups/default/resources')
  assert.equal(result.length, 2)
  assert.match(result[0].requestReason, /^asked for by /)
  assert.deepEqual([result[0].status, result[0].launchedAt, result[0].optimizers], ['requested', null, []])
})

test('what cannot be scaled out is refused with the remedy', async () => {
  const { call } = await setUp()
  const scale = (group: string, parallelism: unknown) =>
    call('POST', `/optimize/optimizerGroups/${group}/optimizers`, { parallelism })
  assert.equal((await scale('nope', 1)).status, 404)
  for (const threads of [0, 1025, 1.5, 'two']) assert.equal((await scale('default', threads)).status, 400)
  const external = await scale('hand', 1)
  assert.notEqual(external.status, 200)
  assert.match(external.message, /launches no optimizers.*`moraine group command hand`/)
})

test('a resource is released by its id or that of its optimizer; who was started by hand, only drained', async () => {
  const { stores, call } = await setUp()
  const launched = buildResource({ state: { status: 'launched', launchedAt: T0 } })
  const byHand = buildOptimizer({ optimizerId: OPTIMIZER_2, container: '', resourceId: '' })
  await stores.state.apply([
    { kind: 'add-resource', resource: launched },
    { kind: 'add-optimizer', optimizer: buildOptimizer(), tokenHash: 'one' },
    { kind: 'add-optimizer', optimizer: byHand, tokenHash: 'two' },
  ])
  const stateOf = async (id: OptimizerId) => (await stores.optimizers.findOptimizer(id))?.state.status
  assert.equal((await call('DELETE', `/optimize/optimizers/${OPTIMIZER_1}`)).status, 200)
  assert.equal((await call('DELETE', `/optimize/optimizers/${RESOURCE_1}`)).status, 200, 'it goes already')
  const releasing = await stores.resources.findResource(RESOURCE_1)
  assert.ok(releasing?.state.status === 'releasing' && /^released by /.test(releasing.state.reason))
  const refused = await call('DELETE', `/optimize/optimizers/${OPTIMIZER_2}`)
  assert.deepEqual([refused.status, await stateOf(OPTIMIZER_2)], [409, 'active'])
  assert.match(refused.message, /started by hand: whoever did stops its process.*drain=true/)
  assert.equal((await call('DELETE', `/optimize/optimizers/${OPTIMIZER_2}?drain=true`)).status, 200)
  assert.equal(await stateOf(OPTIMIZER_2), 'draining')
  const state = { status: 'ended', launchedAt: T0, endedAt: at(9), reason: 'idle', isFailure: false } as const
  const ended = buildResource({ resourceId: 'r-9' as typeof RESOURCE_1, state })
  await stores.state.apply([{ kind: 'add-resource', resource: ended }])
  const gone = await call('DELETE', '/optimize/optimizers/r-9')
  assert.deepEqual([gone.status, /it ended, idle/.test(gone.message)], [404, true])
  assert.equal((await call('DELETE', '/optimize/optimizers/nobody')).status, 404)
})

test('a group in which something runs, or comes, is in use; its container must be one of those that are', async () => {
  const { stores, call } = await setUp()
  await stores.state.apply([{ kind: 'add-resource', resource: buildResource() }])
  const removed = await call('DELETE', '/optimize/resourceGroups/default')
  assert.deepEqual([removed.status, /resource resource-1 runs in it, or comes/.test(removed.message)], [409, true])
  assert.match(removed.message, /`moraine group release resource-1`$/)
  const kept = { name: 'default', container: 'local', properties: { 'min-parallelism': '2' } }
  await call('PUT', '/optimize/resourceGroups', kept)
  const first = await call('DELETE', '/optimize/resourceGroups/default')
  assert.match(first.message, /; before that `moraine group set default --property min-parallelism=0`, or others/)
  const unknown = await call('POST', '/optimize/resourceGroups', { name: 'etl', container: 'docker', properties: {} })
  assert.equal(unknown.status, 400)
  assert.match(unknown.message, /there is no container 'docker'; there are farm, local, external/)
  const odd = { name: 'etl', container: 'farm', properties: { 'min-parallelism': 'few' } }
  assert.match((await call('POST', '/optimize/resourceGroups', odd)).message, /min-parallelism is 'few'/)
})

test('what the container of a group would refuse at a launch is refused when it is set', async () => {
  const { call } = await setUp()
  const saved = (verb: 'POST' | 'PUT', container: string, properties: Readonly<Record<string, string>>) =>
    call(verb, '/optimize/resourceGroups', { name: 'etl', container, properties })
  const { status, message } = await saved('POST', 'farm', { 'cpu.factor': 'lots' })
  assert.deepEqual(
    [status, message],
    [400, "resource group etl: cpu.factor is 'lots': it must be a number from 0.01 to 64, cores for each thread"],
  )
  assert.equal((await saved('POST', 'farm', { 'cpu.factor': '2' })).status, 200)
  assert.match((await saved('PUT', 'farm', { pullPolicy: 'Often' })).message, /one of IfNotPresent, Always, Never/)
  assert.match((await saved('PUT', 'farm', { namespace: 'etl' })).message, /namespace is set by the container alone/)
  assert.equal((await saved('PUT', 'local', { 'cpu.factor': 'lots' })).status, 200)
})

test('containers are shown without secrets', async () => {
  const { call } = await setUp()
  assert.deepEqual((await call('GET', '/optimize/containers/get')).result, ['farm', 'local', 'external'])
  const { result } = await call('GET', '/settings/containers')
  assert.deepEqual(result[0], {
    name: 'farm',
    classpath: 'org.apache.amoro.server.manager.KubernetesOptimizerContainer',
    properties: { image: 'moraine:1', 'registry.password': '******', podTemplate: '******' },
    optimizeGroup: [],
  })
  assert.deepEqual(result[1].optimizeGroup, [{ name: 'default', container: 'local', properties: { memory: '2048' } }])
})
