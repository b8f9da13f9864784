import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RawTableOptions } from './catalog-options.ts'
import { tableOptions } from './table-options.ts'

const SECRET = 'hunter2'
const options = (raw: RawTableOptions, env: Record<string, string> = {}) =>
  tableOptions(raw, { env, readFile: async () => new Uint8Array(), readInput: async () => new Uint8Array() })

test('a catalog without an address is one of the service', async () => {
  const env = { MORAINE_SERVER: 'http://h:1/', MORAINE_CREDENTIAL: `ann:${SECRET}:x`, MORAINE_CATALOG_TOKEN: 'other' }
  const credentials = { kind: 'basic', user: 'ann', password: `${SECRET}:x` }
  assert.deepEqual((await options({ catalog: 'lake' }, env)).service, { server: 'http://h:1', credentials })
  const token = { server: 'http://127.0.0.1:1630', credentials: { kind: 'bearer', token: 't' } }
  assert.deepEqual((await options({ catalog: 'lake' }, { MORAINE_TOKEN: 't' })).service, token)
})

test('the token of the service goes to no other catalog', async () => {
  const { service, token } = await options({ catalogUri: 'http://h', catalog: 'c' }, { MORAINE_TOKEN: SECRET })
  assert.deepEqual([service, token], [undefined, undefined])
  assert.equal((await options({ catalogUri: 'http://h' }, { MORAINE_CATALOG_TOKEN: 't' })).token, 't')
})

test('properties of storage lead to the files, those of the catalog do not', async () => {
  const { storage, properties } = await options(
    {
      catalogType: 'glue',
      catalogProperty: ['s3.endpoint=http://a', 'client.region=eu', 'glue.secret-access-key=x'],
      storage: ['s3.endpoint=http://b'],
    },
    { AWS_REGION: 'us' },
  )
  assert.deepEqual(storage, { 'client.region': 'eu', 's3.endpoint': 'http://b' })
  assert.deepEqual(properties, { 's3.endpoint': 'http://a', 'client.region': 'eu', 'glue.secret-access-key': 'x' })
})

test('what cannot be is refused, and no secret told', async () => {
  const refused = (raw: RawTableOptions, says: RegExp, env?: Record<string, string>) =>
    assert.rejects(options(raw, env), (error: Error) => says.test(error.message) && !error.message.includes(SECRET))
  await refused({ server: 'http://h' }, /--server: name the catalog of the service with --catalog/)
  await refused({ server: 'http://h', catalogUri: 'http://i', catalog: 'c' }, /leave out --catalog-uri/)
  await refused({ catalog: 'c', server: 'h:1' }, /write a URL/)
  await refused({ catalog: 'c', token: `${SECRET}\n` }, /characters that no header can have/)
  await refused({ catalog: 'c' }, /MORAINE_CREDENTIAL has to be user:password/, { MORAINE_CREDENTIAL: SECRET })
})
