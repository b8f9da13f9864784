import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DroppedEntry } from '@moraine/client/catalogs-api'
import type { EpochMs } from '@moraine/stdx/brand'
import { droppedText } from './dropped-text.ts'

const DROPPED: DroppedEntry = {
  dropId: 'd1',
  kind: 'table',
  namespace: ['sales'],
  name: 'orders',
  metadataLocation: '/m',
  droppedAt: 0 as EpochMs,
  purgeAt: 60_000 as EpochMs,
  purgesFiles: true,
  isDue: false,
}

test('what is to go says when, and what is due says so, and how soon it goes', () => {
  assert.equal(
    droppedText(DROPPED, '1 min'),
    'sales.orders  table d1, dropped at 1970-01-01T00:00:00.000Z, purged with its files at 1970-01-01T00:01:00.000Z, or within 1 min of it',
  )
  assert.match(
    droppedText({ ...DROPPED, isDue: true }, '1 min'),
    /, due: purged with its files within 1 min, or the log/,
  )
  assert.match(
    droppedText({ ...DROPPED, purgesFiles: false, isDue: true }, '1 min'),
    /, due: forgotten within 1 min, or/,
  )
})
