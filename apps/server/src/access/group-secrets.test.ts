import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupSecrets } from './group-secrets.ts'

const key = (byte: number) => new Uint8Array(32).fill(byte)

test('a group has one secret on all servers that share a key, until its generation changes', () => {
  const etl = { name: 'etl', properties: { windows: '' } }
  const secret = groupSecrets(key(1))(etl)
  assert.match(secret ?? '', /^[\w-]{43}$/)
  assert.equal(groupSecrets(key(1))({ ...etl, properties: { memory: '1' } }), secret)
  const others = [
    groupSecrets(key(2))(etl),
    groupSecrets(key(1))({ ...etl, name: 'etl2' }),
    groupSecrets(key(1))({ ...etl, properties: { 'secret-generation': '2' } }),
  ]
  assert.equal(new Set([secret, ...others]).size, 4)
})
