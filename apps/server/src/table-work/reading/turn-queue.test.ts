import assert from 'node:assert/strict'
import { test } from 'node:test'
import { turnQueue } from './turn-queue.ts'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

type Order = { readonly kind: 'evaluate' | 'plan'; readonly id: number }

test('plans pass looks that wait, and what comes in between two turns is seen', async () => {
  const begun: number[] = []
  const add = turnQueue<Order>(({ id }) => {
    begun.push(id)
    if (id === 1) add({ kind: 'plan', id: 5 })
  })
  for (const id of [1, 2]) add({ kind: 'evaluate', id })
  for (const id of [3, 4]) add({ kind: 'plan', id })
  assert.deepEqual(begun, [], 'none begins within the call')
  while (begun.length < 5) await nextTurn()
  assert.deepEqual(begun, [3, 4, 1, 5, 2])
})

test('a queue that has become empty begins anew', async () => {
  const begun: number[] = []
  const add = turnQueue<Order>(({ id }) => begun.push(id))
  for (const id of [1, 2]) {
    add({ kind: 'evaluate', id })
    while (begun.length < id) await nextTurn()
  }
  assert.deepEqual(begun, [1, 2])
})
