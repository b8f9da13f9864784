import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { toldByLog } from './told-by-log.ts'

const told = (...files: readonly string[]) =>
  toldByLog(
    { metadataLog: files.map((metadataFile) => ({ metadataFile, timestampMs: 0 as EpochMs })) },
    { base: 'base', next: 'next' },
  )

test('a log that has the new file tells that it was made, also without the base', () => {
  assert.equal(told('first', 'base', 'next', 'later'), 'won')
  assert.equal(told('next', 'later'), 'won')
})

test('a log that has gone on from the base without the new file tells that it was not', () => {
  assert.equal(told('first', 'base', 'other'), 'lost')
})

test('a log that has lost the base tells nothing', () => {
  assert.equal(told('other', 'later'), undefined)
  assert.equal(told(), undefined)
})

test('an earlier file that was to be the current one again counts after the base alone', () => {
  assert.equal(told('next', 'base', 'other'), 'lost')
  assert.equal(told('next', 'base', 'next', 'other'), 'won')
})
