import { MoraineError } from '@moraine/stdx/error'
import { parseTableRef } from '../table/table-ref.ts'
import { explainJson, explainText } from '../text/explain-text.ts'
import { formatName } from '../text/name-text.ts'
import { partitionsThatAre, SHOWN_PARTITIONS } from '../text/partition-text.ts'
import { tableExplanationText } from '../text/table-explanation-text.ts'
import type { CommandContext } from './command-context.ts'
import { askedTable } from './managed-tables.ts'
import { makePlan, partitionsOf, type RawPlanOptions } from './plan.ts'
import { isOfService } from './table-options.ts'

export type RawExplainOptions = Omit<RawPlanOptions, 'partition'> & { readonly partition?: string }

/**
 * Why a table is, or is not, optimized. Of one in a catalog of the service the service is asked, which knows of its
 * queue, quota and work; of another, what optimizing would find in each partition. Stores nothing.
 */
export async function explain(ref: string, raw: RawExplainOptions, context: CommandContext): Promise<void> {
  const isName = parseTableRef(ref).kind === 'identifier'
  if (isName && isOfService(raw)) return explainManaged(ref, raw, context)
  return explainFiles(ref, raw, context)
}

/** @throws {MoraineError} `invalid-input` for options that only go with a table that is looked at directly */
async function explainManaged(
  ref: string,
  raw: RawExplainOptions & { readonly catalog: string },
  context: CommandContext,
): Promise<void> {
  refuseDirectOptions(raw)
  const { levels, table, api } = askedTable(ref, raw, context)
  const { partition } = raw
  const answer = await api.explain(table, partition === undefined ? {} : { partition }, context.signal)
  if (partition !== undefined && answer.partitionsFailure === null && answer.partitionsTotal === 0) {
    const others = await api.explain(table, { partitions: SHOWN_PARTITIONS }, context.signal)
    const paths = others.partitions.map((each) => each.partition)
    throw noSuchPartition(formatName(levels), partition, paths, others.partitionsTotal)
  }
  if (raw.json === true) context.printJson({ table: levels, ...answer })
  else context.print(tableExplanationText(formatName(levels), answer))
}

function refuseDirectOptions(raw: RawExplainOptions): void {
  const unused = [
    ...(raw.warehouse === undefined ? [] : ['--warehouse']),
    ...(raw.catalogProperty === undefined ? [] : ['--catalog-property']),
    ...(raw.storage === undefined ? [] : ['--storage']),
    ...(raw.type === undefined || raw.type === 'auto' ? [] : ['--type']),
  ]
  if (unused.length === 0) return
  throw new MoraineError(
    'invalid-input',
    `${unused.join(', ')}: the service is asked, which has its own; leave it out, or see \`moraine table plan\``,
  )
}

async function explainFiles(ref: string, raw: RawExplainOptions, context: CommandContext): Promise<void> {
  // All of the table is planned: what becomes of a partition may depend on others.
  const { partition, ...how } = raw
  const { table, state, plan } = await makePlan(ref, how, context)
  if (partition !== undefined) refuseUnknownPartition(table.name, partition, partitionsOf(state, context))
  const explanation = { name: table.name, policy: state.policy, plan, partition }
  if (raw.json === true) context.printJson(explainJson(explanation))
  else context.print(explainText(explanation))
}

function refuseUnknownPartition(name: string, asked: string, known: ReadonlySet<string>): void {
  if (!known.has(asked)) throw noSuchPartition(name, asked, [...known].sort(), known.size)
}

function noSuchPartition(name: string, asked: string, paths: readonly string[], total: number): MoraineError {
  return new MoraineError(
    'not-found',
    `${name} has no data in partition '${asked}'; ${partitionsThatAre(paths, total)}`,
  )
}
