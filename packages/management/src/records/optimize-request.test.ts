import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at } from '../testing/build.ts'
import { asksFor, type OptimizeRequest, requestText } from './optimize-request.ts'

const asked = (parts: Partial<OptimizeRequest>, ms = 1): OptimizeRequest => ({
  type: 'auto',
  requestedAt: at(ms),
  ...parts,
})
const TABLE = asked({})
const EU = asked({ partitions: ['eu'] })
const BY_DAY = asked({ filter: 'day = 3' })

test('a partition is asked for by its name, or with all of the table', () => {
  assert.deepEqual(
    [EU, TABLE, BY_DAY].map((request) => [asksFor(request, 'eu'), asksFor(request, 'us')]),
    [
      [true, false],
      [true, true],
      [false, false],
    ],
  )
})

test('a request is told with what it asks for', () => {
  assert.equal(requestText(TABLE), 'a person asked for it')
  assert.equal(
    requestText(asked({ type: 'major', filter: 'day = 3' })),
    'a person asked for it where day = 3, as major',
  )
  const many = asked({ type: 'full', partitions: ['', 'a', 'b', 'c', 'd'] })
  assert.equal(requestText(many), 'a person asked for the files of no partition, a, b and 2 more, as full')
})
