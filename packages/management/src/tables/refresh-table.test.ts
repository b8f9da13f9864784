import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ManagedTable } from '../records/managed-table.ts'
import type { TableEvaluation } from '../records/table-evaluation.ts'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import { at, buildEvaluation, buildTable, PROCESS_1, T0 } from '../testing/build.ts'
import { decideRefresh, recordEvaluation, recordRefreshFailure } from './refresh-table.ts'

const SEEN = buildEvaluation({ needed: undefined })
const seen = (parts: Partial<ManagedTable> = {}) => buildTable({ evaluation: SEEN, evaluatedAt: T0, ...parts })
const executing = { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } as const

test('an unchanged pointer asks for nothing', () => {
  assert.equal(decideRefresh(seen(), SEEN.metadataLocation, at(1)), 'unchanged')
  assert.equal(decideRefresh(seen(), 'v2', at(1)), 'evaluate')
  assert.equal(decideRefresh(seen(), undefined, at(1)), 'gone')
  assert.equal(decideRefresh(buildTable(), SEEN.metadataLocation, at(1)), 'evaluate')
})

test('time alone can make an evaluation due, and so does a failure before', () => {
  const waiting = seen({ evaluation: { ...SEEN, reevaluateAt: at(10) } })
  assert.equal(decideRefresh(waiting, SEEN.metadataLocation, at(9)), 'unchanged')
  assert.equal(decideRefresh(waiting, SEEN.metadataLocation, at(10)), 'evaluate')
  assert.equal(decideRefresh({ ...waiting, evaluatedAt: at(5) }, SEEN.metadataLocation, at(4)), 'evaluate')
  const failing = seen({ refreshFailure: { since: T0, reason: 'x' } })
  assert.equal(decideRefresh(failing, SEEN.metadataLocation, at(1)), 'evaluate')
})

test('a table at rest that is known to need work is not left alone: its last process failed', () => {
  const needy = buildEvaluation({ needed: 'minor' })
  assert.equal(decideRefresh(seen({ evaluation: needy }), needy.metadataLocation, at(1)), 'evaluate')
  const asked = seen({ request: { type: 'full', requestedAt: T0 } })
  assert.equal(decideRefresh(asked, SEEN.metadataLocation, at(1)), 'evaluate')
  const emptyPlan = { metadataLocation: needy.metadataLocation, type: 'minor', finding: needy.finding } as const
  assert.equal(decideRefresh(seen({ evaluation: needy, emptyPlan }), needy.metadataLocation, at(1)), 'unchanged')
})

test('a table with a process is looked at seldom', () => {
  const busy = seen({ state: executing })
  assert.equal(decideRefresh(busy, 'v2', at(299_999)), 'unchanged')
  assert.equal(decideRefresh(busy, 'v2', at(300_000)), 'evaluate')
})

function phaseAfter(table: ManagedTable, parts: Partial<TableEvaluation> = {}) {
  const [change] = recordEvaluation(table, buildEvaluation(parts), at(5))
  assert.ok(change?.kind === 'patch-table')
  return change.patch.state?.phase ?? 'unmoved'
}

test('an evaluation makes the table pending or idle', () => {
  const pending = seen({ state: { phase: 'pending', since: T0 } })
  assert.equal(phaseAfter(seen(), { needed: 'major' }), 'pending')
  assert.equal(phaseAfter(seen(), { needed: undefined }), 'unmoved')
  assert.equal(phaseAfter(pending, { needed: undefined }), 'idle')
  assert.equal(phaseAfter(pending, { needed: 'full' }), 'unmoved')
  assert.equal(phaseAfter(seen({ state: executing }), { needed: 'full' }), 'unmoved')
})

test('a switched-off table is not optimized, whatever is needed or asked', () => {
  const settings = { ...DEFAULT_TABLE_SETTINGS, enabled: false }
  const asked = seen({ state: { phase: 'pending', since: T0 }, request: { type: 'auto', requestedAt: T0 } })
  assert.equal(phaseAfter(asked, { settings }), 'idle')
  assert.equal(phaseAfter(asked, { needed: undefined }), 'unmoved')
})

test('a plan that came out empty is not made again for the same state', () => {
  const emptyPlan = { metadataLocation: SEEN.metadataLocation, type: 'minor', finding: SEEN.finding } as const
  assert.equal(phaseAfter(seen({ emptyPlan }), { needed: 'minor' }), 'unmoved')
  assert.equal(phaseAfter(seen({ emptyPlan }), { needed: 'full' }), 'pending')
  assert.equal(phaseAfter(seen({ emptyPlan }), { needed: 'minor', metadataLocation: 'v2' }), 'pending')
})

test('a failing refresh is written once, with the time it began', () => {
  const [first] = recordRefreshFailure(seen(), 'no such bucket', at(5))
  assert.ok(first?.kind === 'patch-table')
  assert.deepEqual(first.patch.refreshFailure, { since: at(5), reason: 'no such bucket' })
  const failing = seen({ refreshFailure: { since: at(5), reason: 'no such bucket' } })
  assert.deepEqual(recordRefreshFailure(failing, 'no such bucket', at(9)), [])
  const [other] = recordRefreshFailure(failing, 'access denied', at(9))
  assert.ok(other?.kind === 'patch-table')
  assert.deepEqual(other.patch.refreshFailure, { since: at(5), reason: 'access denied' })
})
