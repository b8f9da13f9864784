import type { EpochMs } from '@moraine/stdx/brand'
import type { OptimizingClocks, RequestedType } from '../plan/evaluate-partition.ts'
import { partitionFilter } from '../plan/partition-filter.ts'
import { type EvaluatedPartition, evaluateTable, planRewrite } from '../plan/plan-rewrite.ts'
import type { RewritePlan } from '../plan/rewrite-plan.ts'
import type { PartitionFiles } from '../plan/table-files.ts'
import { type TableReport, tableReport } from '../report/table-report.ts'
import type { TableState } from './read-table.ts'

export type PlanRequest = {
  readonly type: RequestedType
  readonly now: EpochMs
  /** Unlimited if absent. */
  readonly maxCostBytes?: number
  /** A filter besides the table's own `self-optimizing.filter`; a partition must pass both. */
  readonly filter?: string
  /** Never optimized, as far as is known, if absent. */
  readonly clocks?: (partitionKey: string) => OptimizingClocks
}

/** Plans a table as it was read; `undefined` if it has no data yet. */
export function planTable(state: TableState, request: PlanRequest): RewritePlan | undefined {
  const { metadata, snapshot, files, policy } = state
  if (snapshot === undefined) return undefined
  return planRewrite({
    metadata,
    snapshot,
    files,
    policy,
    requested: request.type,
    maxCostBytes: request.maxCostBytes ?? Number.POSITIVE_INFINITY,
    chooses: choosesOf(state, request.filter),
    clocks: request.clocks ?? (() => NEVER),
    now: request.now,
  })
}

/** The table's figures and the verdict on each partition, under the same rules as {@link planTable}. */
export function inspectTable(
  state: TableState,
  request: Pick<PlanRequest, 'now' | 'clocks'>,
): { readonly report: TableReport; readonly partitions: readonly EvaluatedPartition[] } {
  const { metadata, files, policy } = state
  const clocks = request.clocks ?? (() => NEVER)
  const partitions = evaluateTable({ metadata, files, policy, requested: 'auto', clocks, now: request.now })
  return { report: tableReport(files, partitions, policy), partitions }
}

function choosesOf(
  { metadata, policy }: TableState,
  requested: string | undefined,
): (partition: PartitionFiles) => boolean {
  const filters = [
    ...(policy.filter === undefined ? [] : [partitionFilter(policy.filter, metadata, 'self-optimizing.filter')]),
    ...(requested === undefined ? [] : [partitionFilter(requested, metadata, '--where')]),
  ]
  return (partition) => filters.every((passes) => passes(partition))
}

const NEVER: OptimizingClocks = { minor: 0 as EpochMs, major: 0 as EpochMs, full: 0 as EpochMs }
