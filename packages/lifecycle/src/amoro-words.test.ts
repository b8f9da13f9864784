import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { AMORO_TABLE_STATUS, amoroTableStatus } from './amoro-words.ts'
import type { ProcessId } from './identity.ts'
import { TABLE_ACTIVITIES } from './table-phase.ts'

test('a phase and its type become one Amoro status', () => {
  const since = 1 as EpochMs
  const processId = '1' as ProcessId
  assert.equal(amoroTableStatus({ phase: 'executing', type: 'full', since, processId }).code, 100)
  assert.equal(amoroTableStatus({ phase: 'executing', type: 'minor', since, processId }).name, 'MINOR_OPTIMIZING')
  assert.equal(amoroTableStatus({ phase: 'committing', type: 'full', since, processId }).code, 400)
  assert.equal(amoroTableStatus({ phase: 'idle', since }).display, 'idle')
})

test('codes are those of Amoro, busiest first', () => {
  const codes = TABLE_ACTIVITIES.map((activity) => AMORO_TABLE_STATUS[activity].code)
  assert.deepEqual(codes, [100, 200, 300, 400, 500, 600, 700])
})
