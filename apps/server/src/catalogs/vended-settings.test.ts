import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { vendedSettings } from './vended-settings.ts'

const OWN_KEYS = { 's3.access-key-id': 'mine', 's3.secret-access-key': 'hunter2', 's3.session-token': 'old' }
const VENDED_KEYS = { 's3.access-key-id': 'theirs', 's3.secret-access-key': 'vended' }

test("vended credentials count before registered ones, as with Iceberg's clients, and are taken whole", () => {
  const own = { ...OWN_KEYS, 's3.endpoint': 'in', 's3.path-style-access': 'true', 'client.assume-role.arn': 'arn' }
  const told = { ...VENDED_KEYS, 's3.endpoint': 'out', 's3.remote-signing-enabled': 'true' }
  assert.deepEqual(vendedSettings(own, told), { ...VENDED_KEYS, 's3.endpoint': 'out', 's3.path-style-access': 'true' })
})

test('where no credentials are vended those that are registered go where they were registered for', () => {
  const told = { 's3.endpoint': 'out', 'client.region': 'there', 's3.remote-signing-enabled': 'true' }
  const own = { ...OWN_KEYS, 's3.endpoint': 'in' }
  assert.deepEqual(vendedSettings(own, told), { ...own, 'client.region': 'there' })
  const token = { 'gcs.oauth2.token': 'hunter2' }
  assert.deepEqual(vendedSettings(token, { 'gcs.service.host': 'https://evil' }), token)
  assert.deepEqual(vendedSettings({ 's3.endpoint': 'in' }, { 's3.endpoint': 'out' }), { 's3.endpoint': 'out' })
})

test('stores are kept apart, and what a catalog has no word on is passed over', () => {
  const own = { 'gcs.oauth2.token': 'g', 'hdfs.user': 'me' }
  const told = { ...VENDED_KEYS, 'hdfs.user': 'root', 'client.assume-role.arn': 'arn', token: 't', 'fs.defaultFS': 'x' }
  assert.deepEqual(vendedSettings(own, told), { ...own, ...VENDED_KEYS })
})

test('a catalog that only signs is of no use without keys of its own, and says so', () => {
  for (const told of [
    { 's3.remote-signing-enabled': 'true' },
    { 's3.remote-signing-enabled': 'TRUE', 's3.endpoint': 'e' },
  ]) {
    assert.throws(
      () => vendedSettings({}, told),
      (error) => isKind(error, 'unsupported') && /have the catalog vend credentials, or register/.test(error.message),
    )
  }
  assert.deepEqual(vendedSettings({}, { 's3.remote-signing-enabled': 'false' }), {})
})
