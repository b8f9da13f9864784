import assert from 'node:assert/strict'
import { test } from 'node:test'
import { at, buildProcess, buildTable, buildTask, PROCESS_1, T0 } from '../testing/build.ts'
import { removeTable } from './remove-table.ts'

const executing = { phase: 'executing', since: T0, type: 'minor', processId: PROCESS_1 } as const

test('a table that is gone from its catalog is forgotten, after its process has ended', () => {
  const table = buildTable({ state: executing })
  const open = { process: buildProcess(), table, tasks: [buildTask()] }
  const first = removeTable(table, open, at(5))
  assert.ok(first !== 'wait' && first[0]?.kind === 'move-process' && first[0].state.status === 'canceled')
  const committing = { status: 'committing', since: T0, commitAttempts: 0, retryAt: T0 } as const
  assert.equal(removeTable(table, { ...open, process: buildProcess({ state: committing }) }, at(5)), 'wait')
  const rest = removeTable(buildTable(), undefined, at(5))
  assert.ok(rest !== 'wait')
  assert.deepEqual(
    rest.map(({ kind }) => kind),
    ['name-discards', 'remove-table'],
  )
})
