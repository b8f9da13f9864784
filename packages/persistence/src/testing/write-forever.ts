import { writeSync } from 'node:fs'
import type { TableId } from '@moraine/lifecycle/identity'
import { patchTable } from '@moraine/management/store/state-change'
import { must } from '@moraine/stdx/assert'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { openSqlite } from '../sqlite/open-sqlite.ts'

// Started by a test, which kills it: raises a number in the database and says so on standard output after each commit.
const { stores } = await openSqlite(must(process.argv[2], 'the path of the database'))
const name = { catalog: 'lake', namespace: ['sales'], name: 'orders' }
let table = await stores.tables.addTable({ name, format: 'ICEBERG', createdAt: 0 as EpochMs })
for (;;) {
  const plannedAt = later(table.plannedAt ?? (0 as EpochMs), 1)
  const partitionKeys = [`p${plannedAt % 10}`]
  await stores.state.apply([
    patchTable(table, { plannedAt }),
    { kind: 'set-clocks', tableId: table.tableId, partitionKeys, type: 'minor', at: plannedAt },
  ])
  table = must(await stores.tables.findTable(1 as TableId), 'the table')
  writeSync(1, `${plannedAt}\n`)
}
