import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import fc from 'fast-check'
import { dueQueue } from './due-queue.ts'

const at = (ms: number) => ms as EpochMs

test('keys come out when due, in order, and once', () => {
  const queue = dueQueue<string>()
  queue.put('b', at(20))
  queue.put('a', at(10))
  assert.equal(queue.takeDue(at(9)), undefined)
  assert.equal(queue.nextAt(), 10)
  assert.deepEqual([queue.takeDue(at(30)), queue.takeDue(at(30)), queue.takeDue(at(30))], ['a', 'b', undefined])
  assert.equal(queue.nextAt(), undefined)
})

test('a key that is put again moves, and one that is removed is gone', () => {
  const queue = dueQueue<string>()
  queue.put('a', at(10))
  queue.put('b', at(20))
  queue.put('a', at(30))
  queue.put('c', at(5))
  queue.remove('c')
  assert.equal(queue.has('c'), false)
  assert.equal(queue.nextAt(), 20)
  assert.deepEqual([queue.takeDue(at(50)), queue.takeDue(at(50)), queue.takeDue(at(50))], ['b', 'a', undefined])
})

test('a key that is moved again and again leaves nothing behind', () => {
  const queue = dueQueue<number>()
  for (let key = 0; key < 100; key += 1) queue.put(key, at(1_000_000 + key))
  for (let round = 1; round <= 10_000; round += 1) {
    queue.put(round % 100, at(round))
    assert.equal(queue.takeDue(at(round)), round % 100)
    queue.put(round % 100, at(1_000_000 + round))
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
        queue.put(key, at(ms))
        model.set(key, ms)
      }
      const times: number[] = []
      for (let key = queue.takeDue(at(50)); key !== undefined; key = queue.takeDue(at(50))) {
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
