import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@moraine/stdx/random'
import { boundedReason } from '../records/task.ts'
import { at, T0 } from '../testing/build.ts'
import { newProcessId } from './optimizing-process.ts'

test('process ids are positive 63-bit integers of 19 digits whose text sorts by time', () => {
  const random = seededRandom(1)
  const ids = [0, 1, 2, 3, 1_000_000_000_000].map((ms) => newProcessId(random, at(ms)))
  assert.deepEqual([...ids].sort(), ids)
  for (const id of ids) {
    assert.equal(id.length, 19)
    assert.ok(BigInt(id) > 0n && BigInt(id) < 2n ** 63n)
  }
  assert.notEqual(newProcessId(random, T0), newProcessId(random, T0))
})

test('a reason is stored without what databases do not take', () => {
  assert.equal(boundedReason("could not convert 'a\u0000b'"), "could not convert 'a\\u0000b'")
})

test('a long reason is cut', () => {
  assert.equal(boundedReason('x'.repeat(5000)).length, 4000)
  assert.equal(boundedReason('short'), 'short')
  assert.equal(boundedReason('\u0000'.repeat(5000)).length, 4000)
})
