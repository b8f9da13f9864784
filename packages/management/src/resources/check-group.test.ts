import assert from 'node:assert/strict'
import { test } from 'node:test'
import { T0 } from '../testing/build.ts'
import { checkGroup } from './check-group.ts'

const check = (properties: Readonly<Record<string, string>>) =>
  checkGroup({ name: 'etl', container: 'local', properties }, T0)

test('a property that is misspelled is refused with the one that is meant', () => {
  for (const [key, meant] of [
    ['pause', 'paused'],
    ['window', 'windows'],
    ['scheduling-polcy', 'scheduling-policy'],
    ['dynamic-alocation.enabled', 'dynamic-allocation.enabled'],
  ] as const) {
    const message = `resource group etl: property ${key} is unknown; ${meant} is meant`
    assert.throws(() => check({ [key]: 'x' }), { kind: 'invalid-input', message })
  }
})

test('a container among the properties is refused with the option that is meant', () => {
  const message = /^resource group etl: container is no property, .*`moraine group create --container` chooses it/
  assert.throws(() => check({ container: 'local' }), { kind: 'invalid-input', message })
})

test('properties of containers are theirs', () => {
  check({ image: 'other:2', 'cpu.factor': '2', imagePullSecrets: '', 'extend-disk-storage': 'true' })
})

test('a group that could never work is refused, with what keeps it from that', () => {
  for (const [properties, says] of [
    [{ windows: '0 2 30 2 * for 1h' }, /^resource group etl: windows '0 2 30 2 \* for 1h' leaves no time to work in/],
    [{ blackouts: '0 0 * * * for 1d Europe/Berlin' }, /: blackouts '0 0 .*' leaves no time .* blackouts that end/],
    [{ windows: '0 2 * * * for 1h', blackouts: '0 0 * * * for 4h' }, /: windows '0 2 .*' and blackouts '.*' leave no/],
  ] as const)
    assert.throws(() => check(properties), { kind: 'invalid-input', message: says })
  check({ windows: '0 2 29 2 * for 1h' })
  check({ windows: '0 2 * * * for 1h', blackouts: '0 0 * * 1-6 for 4h' })
})
