import { inspectTable } from '@moraine/maintenance/table/plan-table'
import type { IndexedTable } from '@moraine/maintenance/table/read-table'
import { MoraineError } from '@moraine/stdx/error'
import { explainJson, explainText } from '../text/explain-text.ts'
import type { CommandContext } from './command-context.ts'
import { makePlan, type RawPlanOptions } from './plan.ts'

export type RawExplainOptions = RawPlanOptions & { readonly partition?: string }

/** Why each partition, or the one that is asked for, is or is not optimized. Stores nothing. */
export async function explain(ref: string, raw: RawExplainOptions, context: CommandContext): Promise<void> {
  const { table, state, plan } = await makePlan(ref, raw, context)
  if (raw.partition !== undefined) refuseUnknownPartition(table.name, raw.partition, state, context)
  const explanation = { name: table.name, policy: state.policy, plan, partition: raw.partition }
  if (raw.json === true) context.printJson(explainJson(explanation))
  else context.print(explainText(explanation))
}

const SHOWN_PARTITIONS = 10

function refuseUnknownPartition(name: string, asked: string, state: IndexedTable, { clock }: CommandContext): void {
  const { partitions } = inspectTable(state, { now: clock.now() })
  const known = new Set(partitions.map(({ partition }) => partition.partitionPath))
  if (known.has(asked)) return
  throw new MoraineError('not-found', `${name} has no data in partition '${asked}'; ${thoseThatAre([...known].sort())}`)
}

function thoseThatAre(paths: readonly string[]): string {
  if (paths.length === 0) return 'it has no data at all'
  if (paths.every((path) => path === '')) return 'it is not partitioned: leave --partition out'
  const shown = paths.slice(0, SHOWN_PARTITIONS).map((path) => (path === '' ? "'' (not partitioned)" : path))
  const rest = paths.length - shown.length
  return `there is data in ${shown.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
}
