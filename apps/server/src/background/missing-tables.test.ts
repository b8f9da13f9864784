import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TableId } from '@moraine/lifecycle/identity'
import type { TableIdentity } from '@moraine/management/tables/rename-table'
import { buildEvaluation, buildTable } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { SILENT_LOG } from '../service/log.ts'
import { missingTables } from './missing-tables.ts'

const signal = new AbortController().signal
const name = (text: string) => ({ catalog: 'far', namespace: ['a'], name: text })
const table = (tableId: number, text: string, tableUuid: string) =>
  buildTable({ tableId: tableId as TableId, name: name(text), evaluation: buildEvaluation({ tableUuid }) })

function setUp(rows: readonly ReturnType<typeof table>[], identify: (text: string) => TableIdentity | undefined) {
  const asked: string[] = []
  const missing = missingTables({
    tables: {
      findTable: async (tableId) => rows.find((row) => row.tableId === tableId),
      listTables: async () => [],
    },
    maintenance: {
      async identify(of) {
        asked.push(of.name)
        return identify(of.name)
      },
    },
    log: SILENT_LOG,
  })
  missing.add(rows.map(({ tableId, name: of }) => ({ tableId, name: of })))
  return { missing, asked }
}

const found = (tableUuid: string): TableIdentity => ({ tableUuid, metadataLocation: 'v9' })

test('a new table that is a missing one is taken for it, and it is missing no more', async () => {
  const { missing } = setUp([table(1, 'a', 'A'), table(2, 'b', 'B')], () => found('A'))
  assert.equal((await missing.takeSame(name('renamed'), signal))?.tableId, 1)
  assert.deepEqual(missing.rest(), { tables: [{ tableId: 2, name: name('b') }], mayBeNew: false })
  assert.equal(await missing.takeSame(name('other'), signal), undefined)
})

test('of several that are the same table the last that came into being is taken', async () => {
  const { missing } = setUp([table(1, 'a', 'A'), table(7, 'double', 'A')], () => found('A'))
  assert.equal((await missing.takeSame(name('renamed'), signal))?.tableId, 7)
})

test('new tables are looked into only while any are missing, and a hundred of them at most', async () => {
  const none = setUp([], () => found('A'))
  await none.missing.takeSame(name('new'), signal)
  assert.deepEqual(none.asked, [])
  const { missing, asked } = setUp([table(1, 'a', 'A')], () => found('X'))
  for (let at = 0; at < 120; at += 1) await missing.takeSame(name(`new${at}`), signal)
  assert.equal(asked.length, 100)
  assert.equal(missing.rest().mayBeNew, true)
})

test('what could not be looked into may be the missing table under a new name, unless it never can be', async () => {
  const outcomes: [string, () => TableIdentity | undefined, boolean][] = [
    ['it has yet another name', () => undefined, true],
    ['its catalog is away', () => fail('unavailable'), true],
    ['it is damaged', () => fail('corrupt'), false],
  ]
  for (const [why, identify, mayBeNew] of outcomes) {
    const { missing } = setUp([table(1, 'a', 'A')], identify)
    assert.equal(await missing.takeSame(name('new'), signal), undefined)
    assert.equal(missing.rest().mayBeNew, mayBeNew, why)
  }
})

function fail(kind: 'unavailable' | 'corrupt'): never {
  throw new MoraineError(kind, 'it cannot be read')
}
