import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_TABLE_SETTINGS } from '../records/table-settings.ts'
import { at, buildEvaluation, buildTable, PROCESS_1, T0 } from '../testing/build.ts'
import { decideRequest } from './decide-request.ts'
import { recordEvaluation } from './refresh-table.ts'

const request = { type: 'full', requestedAt: at(5) } as const
const executing = { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } as const

test('a request makes an idle table pending at once', () => {
  const decision = decideRequest(buildTable({ evaluation: buildEvaluation() }), request, at(5))
  assert.ok(decision.kind === 'accepted')
  const [change] = decision.changes
  assert.ok(change?.kind === 'patch-table')
  assert.deepEqual(change.patch, { request, state: { phase: 'pending', since: at(5) } })
})

test('a table that has never been evaluated is so before it is planned', () => {
  const decision = decideRequest(buildTable({ evaluation: undefined }), request, at(5))
  assert.ok(decision.kind === 'accepted')
  const [change] = decision.changes
  assert.ok(change?.kind === 'patch-table')
  assert.deepEqual(change.patch, { request })
  const asked = buildTable({ evaluation: undefined, request })
  const [evaluated] = recordEvaluation(asked, buildEvaluation({ needed: undefined }), at(6))
  assert.ok(evaluated?.kind === 'patch-table')
  assert.deepEqual(evaluated.patch.state, { phase: 'pending', since: at(6) })
})

test('a request is refused while a process owns the table or optimizing is off', () => {
  assert.deepEqual(decideRequest(buildTable({ state: executing }), request, at(5)), {
    kind: 'refused',
    why: 'busy',
  })
  const settings = { ...DEFAULT_TABLE_SETTINGS, enabled: false }
  assert.deepEqual(decideRequest(buildTable({ settings }), request, at(5)), { kind: 'refused', why: 'disabled' })
})

test('a request joins one that waits, or is refused', () => {
  const waiting = buildTable({
    state: { phase: 'pending', since: T0 },
    request: { type: 'full', partitions: ['day=1'], requestedAt: T0 },
  })
  const decision = decideRequest(waiting, { ...request, partitions: ['day=2'] }, at(5))
  assert.ok(decision.kind === 'accepted')
  const [change] = decision.changes
  assert.ok(change?.kind === 'patch-table')
  assert.deepEqual(change.patch, { request: { type: 'full', partitions: ['day=1', 'day=2'], requestedAt: T0 } })
  const other = { type: 'minor', partitions: ['day=2'], requestedAt: at(5) } as const
  assert.deepEqual(decideRequest(waiting, other, at(5)), { kind: 'refused', why: 'asked-otherwise' })
})
