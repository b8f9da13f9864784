import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dueQueue } from './due-queue.ts'

test('keys come out when due, in order, and once', () => {
  const queue = dueQueue<string>()
  queue.put('b', 20)
  queue.put('a', 10)
  assert.equal(queue.takeDue(9), undefined)
  assert.equal(queue.nextAt(), 10)
  assert.deepEqual([queue.takeDue(30), queue.takeDue(30), queue.takeDue(30)], ['a', 'b', undefined])
  assert.equal(queue.nextAt(), undefined)
})

test('a key that is put again moves, and one that is removed is gone', () => {
  const queue = dueQueue<string>()
  queue.put('a', 10)
  queue.put('b', 20)
  queue.put('a', 30)
  queue.put('c', 5)
  queue.remove('c')
  assert.equal(queue.has('c'), false)
  assert.equal(queue.nextAt(), 20)
  assert.deepEqual([queue.takeDue(50), queue.takeDue(50), queue.takeDue(50)], ['b', 'a', undefined])
})

test('a key that is moved again and again leaves nothing behind', () => {
  const queue = dueQueue<number>()
  for (let key = 0; key < 100; key += 1) queue.put(key, 1_000_000 + key)
  for (let round = 1; round <= 10_000; round += 1) {
    queue.put(round % 100, round)
    assert.equal(queue.takeDue(round), round % 100)
    queue.put(round % 100, 1_000_000 + round)
  }
  assert.ok(queue.held < 300, `${queue.held} entries for 100 keys`)
  assert.equal(queue.nextAt(), 1_009_901)
})

test('it agrees with a sorted list', () => {
  const put = fc.record({ key: fc.nat(20), at: fc.nat(50) })
  fc.assert(
    fc.property(fc.array(put), (puts) => {
      const queue = dueQueue<number>()
      const model = new Map<number, number>()
      for (const { key, at: ms } of puts) {
        queue.put(key, ms)
        model.set(key, ms)
      }
      const times: number[] = []
      for (let key = queue.takeDue(50); key !== undefined; key = queue.takeDue(50)) {
        times.push(model.get(key) ?? -1)
        model.delete(key)
      }
      assert.deepEqual(
        times,
        [...times].sort((a, b) => a - b),
      )
      assert.equal(model.size, 0)
    }),
  )
})
