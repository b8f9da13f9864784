import assert from 'node:assert/strict'
import { test } from 'node:test'
import { maxCostBytes, schedulingPolicy } from '../records/resource-group.ts'
import { OPTIMIZER_1, T0 } from '../testing/build.ts'
import { type Registration, registerOptimizer } from './register-optimizer.ts'

const group = { name: 'default', container: 'local', properties: {} }

function register(
  parts: Partial<Registration> = {},
  known: { readonly group?: typeof group | undefined; readonly secret?: string } = {},
) {
  const registration = {
    group: 'default',
    resourceId: 'r1',
    threads: 2,
    memoryMb: 512,
    properties: { any: 'kept' },
    payloadVersions: ['1'],
    heartbeatIntervalMs: 10_000,
    secret: undefined,
    ...parts,
  }
  const resource = registration.resourceId === 'r1' ? { container: 'local' } : undefined
  const ids = {
    group,
    resource,
    secret: undefined,
    optimizerId: OPTIMIZER_1,
    tokenHash: 'hash',
    heartbeatTimeoutMs: 60_000,
  }
  return registerOptimizer(registration, { ...ids, ...known }, T0)
}

test('a fitting optimizer is registered with the container that was asked for it', () => {
  const decision = register()
  assert.ok(decision.kind === 'accepted')
  assert.deepEqual(decision.optimizer.state, { status: 'active', touchedAt: T0 })
  assert.equal(decision.optimizer.container, 'local')
  for (const resourceId of [undefined, 'mine']) {
    const byHand = register({ resourceId })
    assert.ok(byHand.kind === 'accepted')
    assert.equal(byHand.optimizer.container, '')
  }
})

test('the rest is refused, with the reason', () => {
  const refused = (parts: Partial<Registration>, known?: { group: undefined }) => {
    const decision = register(parts, known)
    assert.ok(decision.kind === 'refused')
    return [decision.why, decision.reason] as const
  }
  assert.deepEqual(refused({}, { group: undefined }), [
    'unknown-group',
    "resource group 'default' does not exist; `moraine group list` lists those there are",
  ])
  for (const [parts, pattern] of [
    [{ threads: 0 }, /1 to 1024 threads, not 0/],
    [{ threads: 5000 }, /not 5000/],
    [{ memoryMb: -1 }, /-1 MB/],
    [{ heartbeatIntervalMs: 60_000 }, /heart-beat-interval 60000 ms must be below/],
    [{ heartbeatIntervalMs: Number.NaN }, /must be below/],
    [{ payloadVersions: ['2', '3'] }, /version 1/],
    [{ payloadVersions: [''] }, /Amoro's own optimizers/],
  ] as const) {
    const [why, reason] = refused(parts)
    assert.equal(why, 'forbidden')
    assert.match(reason, pattern)
  }
})

test('where the group has a secret it has to be shown, and no answer tells it', () => {
  const known = { secret: 'right' }
  assert.equal(register({ secret: 'right' }, known).kind, 'accepted')
  for (const secret of [undefined, '', 'wrong', 'righ', 'right2']) {
    const decision = register({ secret }, known)
    assert.ok(decision.kind === 'refused')
    assert.equal(decision.why, 'forbidden')
    assert.match(decision.reason, /secret of resource group 'default'/)
    assert.doesNotMatch(decision.reason, /right|wrong/)
  }
  assert.equal(register({ secret: 'whatever' }).kind, 'accepted', 'where nobody asks for one')
})

test('a group says how its tables are chosen and how much one plan may hold', () => {
  assert.equal(schedulingPolicy(group), 'quota')
  assert.equal(schedulingPolicy({ ...group, properties: { 'scheduling-policy': 'Balanced' } }), 'balanced')
  assert.equal(maxCostBytes(group, 3), 3 * 512 * 1024 * 1024)
  assert.equal(maxCostBytes({ ...group, properties: { 'max-input-file-size-per-thread': '1000' } }, 0), 1000)
})
