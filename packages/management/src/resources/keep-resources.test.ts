import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResourceId } from '@moraine/lifecycle/identity'
import type { ResourceState } from '@moraine/lifecycle/resource-status'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Resource } from '../records/resource.ts'
import {
  ackedState,
  at,
  buildOptimizer,
  buildResource,
  buildTask,
  RESOURCE_1,
  RESOURCE_2,
  T0,
} from '../testing/build.ts'
import type { Launched } from './container.ts'
import { type KeepInput, keepResources } from './keep-resources.ts'
import { LAUNCH_TRIES_MAX, orderRefused, orderTaken, releaseResource } from './move-resource.ts'

const MIN = 60_000
const group = { name: 'default', container: 'local', properties: {} }
const launched: ResourceState = { status: 'launched', launchedAt: at(10) }
const releasing: ResourceState = {
  status: 'releasing',
  launchedAt: at(10),
  releasingAt: at(20),
  reason: 'asked for',
  isFailure: false,
  attempts: 0,
  retryAt: at(20),
}

function keep(state: ResourceState, now: EpochMs, parts: Partial<KeepInput> = {}) {
  const { orders, moves, nextAt } = keepResources({
    resources: [buildResource({ state })],
    optimizers: [],
    assigned: [],
    groups: [group],
    containers: new Map([['local', undefined]]),
    lastGone: new Map(),
    ended: new Set(),
    settings: { registrationTimeoutMs: 3 * MIN, drainTimeoutMs: 15 * MIN },
    serviceStartedAt: 0 as EpochMs,
    now,
    ...parts,
  })
  const to = moves.map(({ reason, isFailure, changes }) => ({
    to: changes.map((change) => ('state' in change ? change.state.status : change.kind)).join(' '),
    reason,
    isFailure,
  }))
  return { orders: orders.map(({ kind }) => kind), moves: to, nextAt }
}

const heard = (ms: number, ...some: readonly Partial<Launched>[]): Pick<KeepInput, 'containers'> => ({
  containers: new Map([
    [
      'local',
      {
        at: at(ms),
        launched: some.map((each) => ({ resourceId: RESOURCE_1, condition: 'running', detail: undefined, ...each })),
      },
    ],
  ]),
})

test('what is requested is launched, or waits until it is tried again', () => {
  const state = { status: 'requested', attempts: 1, retryAt: at(9), failure: 'full' } as const
  assert.deepEqual(keep(state, at(8)), { orders: [], moves: [], nextAt: at(9) })
  assert.deepEqual(keep(state, at(9)), { orders: ['launch'], moves: [], nextAt: undefined })
})

test('what a clock that was ahead has put off is not waited for', () => {
  const state = { status: 'requested', attempts: 1, retryAt: at(12 * 3_600_000), failure: 'full' } as const
  assert.deepEqual(keep(state, at(8)).orders, ['launch'])
})

test('what a clock that was ahead has noted is taken for older than the service', () => {
  const ahead = at(12 * 3_600_000)
  const launched = { status: 'launched', launchedAt: ahead } as const
  assert.equal(keep(launched, at(10), { serviceStartedAt: at(5) }).nextAt, at(5 + 3 * MIN))
})

test('what nobody wants any more, or nobody can launch, ends', () => {
  const state = { status: 'requested', attempts: 0, retryAt: T0 } as const
  const [gone] = keep(state, T0, { groups: [] }).moves
  assert.deepEqual(gone, {
    to: 'ended',
    reason: 'its resource group default does not exist any more',
    isFailure: false,
  })
  const moved = { groups: [{ ...group, container: 'k8s' }] }
  assert.match(keep(state, T0, moved).moves[0]?.reason ?? '', /has container k8s now, not local/)
  assert.equal(keep(launched, at(11), moved).moves[0]?.to, 'releasing')
  const [unknown] = keep(state, T0, { containers: new Map() }).moves
  assert.deepEqual([unknown?.to, unknown?.isFailure], ['ended', true])
  assert.match(unknown?.reason ?? '', /container local is not configured any more/)
})

test('an optimizer has its time to register, again after it went, and from when somebody was there', () => {
  assert.deepEqual(keep(launched, at(20)), { orders: [], moves: [], nextAt: at(10 + 3 * MIN) })
  const late = at(10 + 3 * MIN)
  assert.deepEqual(keep(launched, late).moves, [
    { to: 'releasing', reason: 'its optimizer did not register within 3 min', isFailure: true },
  ])
  assert.equal(keep(launched, late, { lastGone: new Map([[RESOURCE_1, at(MIN)]]) }).nextAt, at(4 * MIN))
  assert.equal(keep(launched, late, { serviceStartedAt: at(2 * MIN) }).nextAt, at(5 * MIN))
  const failing = heard(20, { condition: 'failing', detail: 'no such image' })
  assert.match(keep(launched, late, failing).moves[0]?.reason ?? '', /within 3 min: no such image/)
  assert.deepEqual(keep(launched, late, { optimizers: [buildOptimizer()] }).moves, [])
})

test('what its container has no more ends, and its registration with it', () => {
  const optimizers = [buildOptimizer()]
  assert.deepEqual(keep(launched, at(30), { optimizers, ...heard(11) }).moves, [
    { to: 'ended gone', reason: 'its container has it no more', isFailure: true },
  ])
  assert.deepEqual(keep(launched, at(30), { optimizers, ...heard(10) }).moves, [], 'asked before it was launched')
  const [earlier] = keep(launched, at(30), { optimizers, ...heard(29), serviceStartedAt: at(28) }).moves
  assert.deepEqual([earlier?.to, earlier?.isFailure], ['ended gone', false])
  assert.match(earlier?.reason ?? '', /with an earlier run of the service/)
  const died = heard(11, { condition: 'gone', detail: 'its process ended: SIGKILL' })
  assert.equal(keep(launched, at(30), { optimizers, ...died }).moves[0]?.reason, 'its process ended: SIGKILL')
  assert.deepEqual(keep(releasing, at(30), { optimizers, ...died }).moves, [
    { to: 'ended gone', reason: 'asked for', isFailure: false },
  ])
})

test('who is released ends its tasks first, for as long as it may', () => {
  const optimizers = [buildOptimizer()]
  assert.equal(keep(releasing, at(30), { optimizers }).moves[0]?.to, 'draining')
  const draining = [buildOptimizer({ state: { status: 'draining', touchedAt: T0 } })]
  const busy = { optimizers: draining, assigned: [buildTask({ state: ackedState() })] }
  assert.deepEqual(keep(releasing, at(30), busy), { orders: [], moves: [], nextAt: at(1030) })
  assert.deepEqual(keep(releasing, at(20 + 15 * MIN), busy).orders, ['release'])
  const own = { groups: [{ ...group, properties: { 'dynamic-allocation.drain-timeout': '1min' } }] }
  assert.deepEqual(keep(releasing, at(20 + MIN), { ...busy, ...own }).orders, ['release'])
  assert.deepEqual(keep(releasing, at(30), { optimizers: draining }).orders, ['release'])
  assert.deepEqual(keep(releasing, at(30)).orders, ['release'])
  assert.deepEqual(keep(releasing, at(30), { containers: new Map() }).moves[0]?.to, 'ended')
})

test('what a container runs though nobody asks for it is released, and its optimizer drains', () => {
  const stray = heard(20, {}, { resourceId: RESOURCE_2 })
  assert.deepEqual(keep(launched, at(30), stray).orders, ['release-stray'])
  const optimizers = [buildOptimizer({ resourceId: RESOURCE_2 })]
  const ended: ReadonlySet<ResourceId> = new Set([RESOURCE_2])
  assert.equal(keep(launched, at(30), { optimizers, ended }).moves[0]?.to, 'draining')
  assert.deepEqual(keep(launched, at(30), { optimizers }).moves, [], 'started by hand with a name of its own')
})

test('a container that refuses is asked again, ever later: to launch a few times, to release for ever', () => {
  const refuse = (resource: Resource, isHopeless = false) => {
    const [change] = orderRefused(resource, { failure: 'full', isHopeless }, T0)
    assert.ok(change?.kind === 'move-resource')
    return { ...resource, state: change.state }
  }
  let resource = buildResource()
  const pauses: number[] = []
  while (resource.state.status === 'requested') {
    resource = refuse(resource)
    if (resource.state.status === 'requested') pauses.push(resource.state.retryAt - T0)
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16_000])
  assert.equal(pauses.length, LAUNCH_TRIES_MAX - 1)
  assert.match(resource.state.status === 'ended' ? resource.state.reason : '', /did not launch it in 6 tries: full/)
  assert.equal(refuse(buildResource(), true).state.status, 'ended')
  const [odd] = orderRefused(buildResource(), { failure: 'a\u0000b', isHopeless: true }, T0)
  assert.ok(odd?.kind === 'move-resource' && odd.state.status === 'ended')
  assert.equal(odd.state.reason, 'a\\u0000b')
  let going = buildResource({ state: releasing })
  for (let tries = 0; tries < 50; tries += 1) going = refuse(going)
  assert.deepEqual(going.state, { ...releasing, attempts: 50, retryAt: at(5 * MIN), failure: 'full' })
  assert.equal(orderTaken(going, at(99))[0]?.kind, 'move-resource')
  assert.deepEqual(releaseResource(going, 'again', T0), [])
})
