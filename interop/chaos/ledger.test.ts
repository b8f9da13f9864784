import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdToLedger, type LedgerCommit } from './ledger.ts'

const LEDGER: readonly LedgerCommit[] = [
  { added: [1n, 2n, 3n], removed: [], outcome: 'acknowledged' },
  { added: [4n, 5n], removed: [1n], outcome: 'unknown' },
  { added: [6n], removed: [], outcome: 'refused' },
]

const NOTHING = { lost: [], foreign: [], doubled: [], made: 0 }

test('a commit of unknown outcome is made as a whole or not at all', () => {
  assert.deepEqual(holdToLedger(LEDGER, [1n, 2n, 3n]), NOTHING)
  assert.deepEqual(holdToLedger(LEDGER, [5n, 4n, 3n, 2n]), { ...NOTHING, made: 1 })
  assert.deepEqual(holdToLedger(LEDGER, [1n, 2n, 3n, 4n, 5n]), { ...NOTHING, foreign: [1n], made: 1 })
  assert.deepEqual(holdToLedger(LEDGER, [2n, 3n, 4n]), { ...NOTHING, lost: [5n], made: 1 })
})

test('rows that are lost, doubled, or of a refused commit are named', () => {
  assert.deepEqual(holdToLedger(LEDGER, [1n, 3n, 3n, 6n]), { lost: [2n], foreign: [6n], doubled: [3n], made: 0 })
})
