import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId } from '@moraine/lifecycle/identity'
import { at, buildEvaluation, buildTable, PROCESS_1, T0 } from '../testing/build.ts'
import { isSameTable, recordRename } from './rename-table.ts'

const NAME = { catalog: 'lake', namespace: ['sales'], name: 'purchases' }
const executing = { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } as const
const double = (parts: Parameters<typeof buildTable>[0] = {}) =>
  buildTable({ tableId: 2 as TableId, name: NAME, version: 5, ...parts })

test('a table is told by its UUID, and by its metadata file where it has none', () => {
  const metadataLocation = 'file:///lake/v1.json'
  const known = (tableUuid?: string) =>
    buildTable({ evaluation: buildEvaluation({ metadataLocation, ...(tableUuid && { tableUuid }) }) })
  assert.equal(isSameTable(known('a'), { metadataLocation: 'file:///lake/v2.json', tableUuid: 'a' }), true)
  assert.equal(isSameTable(known('a'), { metadataLocation, tableUuid: 'b' }), false)
  assert.equal(isSameTable(known(), { metadataLocation, tableUuid: 'b' }), true)
  assert.equal(isSameTable(known('a'), { metadataLocation }), true)
  assert.equal(isSameTable(known(), { metadataLocation: 'file:///lake/v2.json' }), false)
  assert.equal(isSameTable(buildTable(), { metadataLocation, tableUuid: 'a' }), false)
})

test('a table in the middle of a process takes it along under its new name', () => {
  const table = buildTable({ state: executing, version: 3 })
  assert.deepEqual(recordRename(table, NAME, undefined), [
    { kind: 'rename-table', tableId: 1, from: { version: 3, phase: 'executing' }, name: NAME },
  ])
})

test('one that was taken for a new table gives way, and what people asked of it is kept', () => {
  const pause = { since: at(7), by: 'ana' }
  const request = { type: 'full', requestedAt: at(8) } as const
  const changes = recordRename(buildTable({ version: 3 }), NAME, double({ pause, request }))
  assert.deepEqual(changes, [
    { kind: 'name-discards', tableId: 2, table: NAME },
    { kind: 'remove-table', tableId: 2, from: { version: 5, phase: 'idle' } },
    { kind: 'rename-table', tableId: 1, from: { version: 3, phase: 'idle' }, name: NAME },
    { kind: 'patch-table', tableId: 1, from: { version: 4, phase: 'idle' }, patch: { pause, request } },
  ])
  const kept = recordRename(buildTable({ pause: { since: T0, by: 'bo' } }), NAME, double({ pause }))
  assert.ok(kept !== 'wait' && kept.every(({ kind }) => kind !== 'patch-table'))
})

test('one that has begun a process ends it first', () => {
  assert.equal(recordRename(buildTable(), NAME, double({ state: executing })), 'wait')
})
