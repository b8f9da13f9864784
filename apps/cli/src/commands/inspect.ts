import { inspectTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import { openTable } from '../table/open-table.ts'
import { inspectJson, inspectText } from '../text/inspect-text.ts'
import type { RawTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { tableOptions } from './table-options.ts'

export async function inspect(ref: string, raw: RawTableOptions, context: CommandContext): Promise<void> {
  const table = await openTable(ref, await tableOptions(raw, context.sources), context, context.signal)
  const state = await readTable(table.io, await table.store.loadTable(table.identifier, context.signal), context.signal)
  const inspection = { name: table.name, state, ...inspectTable(state, { now: context.clock.now() }) }
  if (raw.json === true) context.printJson(inspectJson(inspection))
  else context.print(inspectText(inspection))
}
