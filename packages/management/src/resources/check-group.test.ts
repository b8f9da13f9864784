import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkGroup } from './check-group.ts'

const check = (properties: Readonly<Record<string, string>>) =>
  checkGroup({ name: 'etl', container: 'local', properties })

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

test('properties of containers are theirs', () => {
  check({ image: 'other:2', 'cpu.factor': '2', imagePullSecrets: '', 'extend-disk-storage': 'true' })
})
