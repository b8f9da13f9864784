import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counted, humanBytes, humanDuration } from './human-text.ts'

test('sizes have at most one decimal, and none where it says nothing', () => {
  assert.deepEqual([0, 793.65, 1023, 1536, 16 * 1024 ** 2, 1.5 * 1024 ** 5, 5000 * 1024 ** 5].map(humanBytes), [
    '0 B',
    '794 B',
    '1023 B',
    '1.5 KiB',
    '16 MiB',
    '1.5 PiB',
    '5000 PiB',
  ])
})

test('durations have at most two units', () => {
  assert.deepEqual([12.4, 3400, 60_000, 125_000, 3_600_000, 5_400_000, 3_599_600].map(humanDuration), [
    '12 ms',
    '3.4 s',
    '1 min',
    '2 min 5 s',
    '1 h',
    '1 h 30 min',
    '1 h',
  ])
})

test('a noun agrees with its count', () => {
  assert.deepEqual(
    [counted(1, 'group'), counted(2, 'group'), counted(0, 'entry', 'entries'), counted(1, 'entry', 'entries')],
    ['1 group', '2 groups', '0 entries', '1 entry'],
  )
})
