import type { EpochMs } from '@moraine/stdx/brand'
import type { FileIO } from '@moraine/storage/file-io'
import { NEVER_OPTIMIZED, type OptimizingClocks, type RequestedType } from '../plan/evaluate-partition.ts'
import { type EvaluatedPartition, evaluateTable } from '../plan/evaluate-table.ts'
import type { UnreadableFiles } from '../plan/excluded-files.ts'
import { namedPartitions, type PartitionFilter, partitionFilter } from '../plan/partition-filter.ts'
import { planRewrite } from '../plan/plan-rewrite.ts'
import type { RewritePlan } from '../plan/rewrite-plan.ts'
import { type TableReport, tableReport } from '../report/table-report.ts'
import { choosePartitions } from './choose-partitions.ts'
import { describeFiles } from './read-rows.ts'
import type { IndexedTable } from './read-table.ts'

export type PlanOptions = {
  readonly type: RequestedType
  readonly now: EpochMs
  /** Unlimited if absent. */
  readonly maxCostBytes?: number
  /** A filter besides the table's own `self-optimizing.filter`; a partition must pass both. */
  readonly filter?: string
  /** Only the partitions of these names; one that is not there has nothing to do. */
  readonly partitions?: readonly string[]
  /** Never optimized, as far as is known, if absent. */
  readonly clocks?: (partitionKey: string) => OptimizingClocks
  /** Left alone, and named, so that what is beside them makes progress. */
  readonly unreadable?: UnreadableFiles
}

/** Plans a table as it was read, describing what it takes from the manifests; `undefined` if the table has no data yet. */
export async function planTable(
  io: FileIO,
  state: IndexedTable,
  request: PlanOptions,
  signal?: AbortSignal,
): Promise<RewritePlan | undefined> {
  const { metadata, snapshot, index, policy, noted } = state
  if (snapshot === undefined) return undefined
  const chosen = await choosePartitions(io, metadata, index, filtersOf(state, request), signal)
  const planning = planRewrite({
    metadata,
    snapshot,
    index,
    policy,
    requested: request.type,
    maxCostBytes: request.maxCostBytes ?? Number.POSITIVE_INFINITY,
    chooses: ({ ordinal }) => chosen.has(ordinal),
    clocks: request.clocks ?? (() => NEVER_OPTIMIZED),
    now: request.now,
    ...(request.unreadable !== undefined && { unreadable: request.unreadable }),
  })
  let step = planning.next()
  while (step.done !== true) step = planning.next(await describeFiles(io, metadata, index, step.value, noted, signal))
  return step.value
}

/** The table's figures and the verdict on each partition, under the same rules as {@link planTable}. */
export function inspectTable(
  { metadata, index, policy }: IndexedTable,
  request: Pick<PlanOptions, 'now' | 'clocks'>,
): { readonly report: TableReport; readonly partitions: readonly EvaluatedPartition[] } {
  const clocks = request.clocks ?? (() => NEVER_OPTIMIZED)
  const { partitions } = evaluateTable({ metadata, index, policy, requested: 'auto', clocks, now: request.now })
  return { report: tableReport(index, partitions, policy), partitions }
}

function filtersOf(
  { metadata, policy }: IndexedTable,
  { filter, partitions }: Pick<PlanOptions, 'filter' | 'partitions'>,
): readonly PartitionFilter[] {
  return [
    ...(policy.filter === undefined ? [] : [partitionFilter(policy.filter, metadata, 'self-optimizing.filter')]),
    ...(filter === undefined ? [] : [partitionFilter(filter, metadata, '--where')]),
    ...(partitions === undefined ? [] : [namedPartitions(partitions)]),
  ]
}
