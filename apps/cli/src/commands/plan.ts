import { writeFile } from 'node:fs/promises'
import { checkPartitionNames } from '@moraine/maintenance/plan/check-partition-names'
import type { RequestedType } from '@moraine/maintenance/plan/evaluate-partition'
import type { UnreadableFiles } from '@moraine/maintenance/plan/excluded-files'
import { formatPlan } from '@moraine/maintenance/plan/plan-text'
import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { encodeRewritePlan } from '@moraine/maintenance/plan/rewrite-plan-json'
import { inspectTable, planTable } from '@moraine/maintenance/table/plan-table'
import { type IndexedTable, readTable } from '@moraine/maintenance/table/read-table'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { localError } from '@moraine/storage/local-error'
import { type OpenTable, openTable } from '../table/open-table.ts'
import { applyHint } from '../text/apply-hint.ts'
import { noDataText } from '../text/explain-text.ts'
import type { RawTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { tableOptions } from './table-options.ts'

export type RawPlanOptions = RawTableOptions & {
  readonly type?: string
  readonly where?: string
  readonly partition?: readonly string[]
  readonly out?: string
}

export type Planned = {
  readonly table: OpenTable
  readonly state: IndexedTable
  readonly plan: RewritePlan | undefined
}

/** Opens, reads and plans a table as the options ask. */
export async function makePlan(ref: string, raw: RawPlanOptions, context: CommandContext): Promise<Planned> {
  // Refused before anything is opened.
  requestedType(raw.type)
  const table = await openTable(ref, await tableOptions(raw, context.sources), context, context.signal)
  const state = await readTable(table.io, await table.store.loadTable(table.identifier, context.signal), context.signal)
  if (raw.partition !== undefined) checkPartitionNames(raw.partition, partitionsOf(state, context), state.metadata)
  return { table, state, plan: await planState(table, state, raw, context) }
}

/** The names of those that hold data. */
export function partitionsOf(state: IndexedTable, { clock }: Pick<CommandContext, 'clock'>): ReadonlySet<string> {
  const { partitions } = inspectTable(state, { now: clock.now() })
  return new Set(partitions.map(({ partition }) => partition.partitionPath))
}

/** Plans a table as it was read, as the options ask; what is known not to be readable is left out. */
export async function planState(
  table: OpenTable,
  state: IndexedTable,
  raw: RawPlanOptions,
  context: CommandContext,
  unreadable: UnreadableFiles = new Map(),
): Promise<RewritePlan | undefined> {
  const request = {
    type: requestedType(raw.type),
    now: context.clock.now(),
    ...(raw.where !== undefined && { filter: raw.where }),
    ...(raw.partition !== undefined && { partitions: raw.partition }),
    unreadable,
  }
  return planTable(table.io, state, request, context.signal)
}

export async function plan(ref: string, raw: RawPlanOptions, context: CommandContext): Promise<void> {
  const { table, plan: made } = await makePlan(ref, raw, context)
  if (made === undefined) {
    if (raw.json === true) context.printJson({ groups: [], reason: 'no data' })
    else context.print(`${noDataText(table.name)}\n`)
    if (raw.out !== undefined) context.note(`${raw.out} is not written: there is nothing to apply`)
    return
  }
  if (raw.out !== undefined) {
    await writePlan(raw.out, made)
    context.note(applyHint({ file: raw.out, plan: made, ref, options: raw, readOnly: table.readOnly }))
  }
  if (raw.json === true) context.printJson(encodeRewritePlan(made))
  else context.print(formatPlan(made))
}

async function writePlan(file: string, made: RewritePlan): Promise<void> {
  try {
    await writeFile(file, `${formatExactJson(encodeRewritePlan(made), 1)}\n`)
  } catch (cause) {
    throw localError(cause, `writing the plan ${file}`)
  }
}

function requestedType(text = 'auto'): RequestedType {
  if (text === 'auto' || text === 'minor' || text === 'major' || text === 'full') return text
  throw new MoraineError('invalid-input', `--type ${text}: it must be auto, minor, major or full`)
}
