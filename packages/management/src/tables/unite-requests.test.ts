import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OptimizeRequest, PARTITIONS_MAX } from '../records/optimize-request.ts'
import { at } from '../testing/build.ts'
import { uniteRequests } from './unite-requests.ts'

const asked = (parts: Partial<OptimizeRequest>, ms = 1): OptimizeRequest => ({
  type: 'auto',
  requestedAt: at(ms),
  ...parts,
})
const TABLE = asked({})
const FULL = asked({ type: 'full' })
const EU = asked({ partitions: ['eu'] })
const BY_DAY = asked({ filter: 'day = 3' })

test('partitions that are asked for one after the other are taken together, from when the first was', () => {
  const more = asked({ partitions: ['us', 'eu'] }, 2)
  assert.deepEqual(uniteRequests(EU, more), { type: 'auto', partitions: ['eu', 'us'], requestedAt: at(1) })
})

test('the whole table stands for its parts, whichever was asked for first', () => {
  assert.equal(uniteRequests(EU, TABLE), TABLE)
  assert.equal(uniteRequests(TABLE, EU), TABLE)
  assert.equal(uniteRequests(BY_DAY, FULL), FULL)
  assert.equal(uniteRequests(FULL, EU), FULL)
  assert.equal(uniteRequests(FULL, TABLE), TABLE)
})

test('one filter takes partitions that are named beside it in', () => {
  const both = asked({ filter: 'day = 3', partitions: ['eu'] })
  assert.equal(uniteRequests(BY_DAY, both), BY_DAY)
  assert.equal(uniteRequests(both, BY_DAY), BY_DAY)
})

test('what no one request says is not made one', () => {
  const few = asked({ partitions: Array.from({ length: PARTITIONS_MAX }, (_, index) => `day=${index}`) })
  for (const [waiting, next] of [
    [EU, asked({ type: 'full', partitions: ['us'] })],
    [TABLE, asked({ type: 'full', partitions: ['eu'] })],
    [EU, BY_DAY],
    [BY_DAY, asked({ filter: 'day = 4' })],
    [few, EU],
  ] as const) {
    assert.equal(uniteRequests(waiting, next), undefined)
  }
})
