import type { EpochMs } from '@moraine/stdx/brand'
import type { OptimizingClocks, RequestedType } from '../plan/evaluate-partition.ts'
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
  /** All partitions if absent. */
  readonly chooses?: (partition: PartitionFiles) => boolean
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
    chooses: request.chooses ?? (() => true),
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

const NEVER: OptimizingClocks = { minor: 0 as EpochMs, major: 0 as EpochMs, full: 0 as EpochMs }
