import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_GROUP } from '@moraine/management/records/table-settings'
import type { Stores } from '@moraine/management/store/stores'
import { recordEvaluation } from '@moraine/management/tables/refresh-table'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { tableName } from './generated-lake.ts'

export type Backlog = {
  /** The number of the first table, and how many from there on. */
  readonly from: number
  readonly count: number
}

type BacklogStores = Pick<Stores, 'tables' | 'state'>

const BATCH = 500

/** Lets tables that need nothing wait to be planned, as if they needed it: each plan finds that there is nothing to do. */
export async function fillBacklog({ tables, state }: BacklogStores, { from, count }: Backlog): Promise<void> {
  for (let at = from; at < from + count; at += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, from + count - at) }, (_, index) => at + index)
    const names = numbers.map((number) => tableName(number))
    const known = await Promise.all(names.map((name) => tables.findTableByName(name)))
    const now = systemClock.now()
    const changes = known.flatMap((found, index) => {
      const table = must(found, `table ${names[index]?.name}`)
      const evaluation = must(table.evaluation, `evaluation of table ${table.name.name}`)
      return recordEvaluation(table, { ...evaluation, needed: 'minor' }, now)
    })
    const { kind } = await state.apply(changes)
    if (kind !== 'applied') throw new Error(`the backlog of tables ${at} and on was not written: ${kind}`)
  }
}

const LOOK_MS = 100

/** Until none waits. */
export async function untilPlanned({ tables }: BacklogStores, withinMs: number): Promise<void> {
  for (let passed = 0; passed < withinMs; passed += LOOK_MS) {
    const some = await tables.listTableNames({ group: DEFAULT_GROUP, phases: ['pending', 'planning'], limit: 1 })
    if (some.length === 0) return
    await sleep(LOOK_MS)
  }
  throw new Error(`the backlog was not planned within ${withinMs} ms`)
}
