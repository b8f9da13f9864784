import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemRandom } from './random.ts'

test('what is drawn ahead is given out once, whole, and to one alone', () => {
  const drawn = Array.from({ length: 5000 }, (_, at) => systemRandom.bytes(16 + (at % 7)))
  for (const [at, bytes] of drawn.entries()) assert.equal(bytes.length, 16 + (at % 7))
  const heads = new Set(drawn.map((bytes) => Buffer.from(bytes.subarray(0, 16)).toString('hex')))
  assert.equal(heads.size, drawn.length)
  drawn[0]?.fill(7)
  assert.notDeepEqual(drawn[1]?.subarray(0, 16), new Uint8Array(16).fill(7))
})

test('no bytes, and more than is drawn ahead, can be had', () => {
  assert.equal(systemRandom.bytes(0).length, 0)
  const many = systemRandom.bytes(10_000)
  assert.equal(many.length, 10_000)
  assert.ok(new Set(many).size > 200)
})
