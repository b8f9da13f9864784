import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteQueue } from './byte-queue.ts'

test('bytes leave in other pieces than they came in', () => {
  const queue = new ByteQueue()
  for (const piece of ['ab', 'cde', 'f', 'ghij']) queue.push(Buffer.from(piece))
  const taken = [queue.take(1, 4), queue.take(0, 5)].map(String)
  queue.push(Buffer.from('kl'))
  assert.deepEqual([...taken, String(queue.bytes), queue.length], ['bcd', 'efghi', 'jkl', 3])
})

test('what is left does not keep the memory of what was taken', () => {
  for (const rest of [0, 10]) {
    const queue = new ByteQueue()
    for (let piece = 0; piece < 16; piece += 1) queue.push(Buffer.alloc(65_536))
    queue.take(0, 16 * 65_536 - rest)
    assert.equal(queue.length, rest)
    assert.ok(queue.bytes.buffer.byteLength <= Buffer.poolSize)
  }
})
