import { inspectTable, planTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import { openTable } from '../table/open-table.ts'
import { doctorJson, doctorText } from '../text/doctor-text.ts'
import type { RawTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { tableOptions } from './table-options.ts'

/** One page of what is wrong with a table, what it costs and what would be done. Stores nothing. */
export async function doctor(ref: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const table = await openTable(ref, await tableOptions(raw, context.sources), context, context.signal)
  const state = await readTable(table.io, await table.store.loadTable(table.identifier, context.signal), context.signal)
  const now = context.clock.now()
  const page = {
    name: table.name,
    state,
    ...inspectTable(state, { now }),
    plan: await planTable(table.io, state, { type: 'auto', now }, context.signal),
  }
  if (raw.json === true) context.printJson(doctorJson(page))
  else context.print(doctorText(page))
}
