import { NEVER_OPTIMIZED } from '@moraine/maintenance/plan/evaluate-partition'
import { inspectTable } from '@moraine/maintenance/table/plan-table'
import type { IndexedTable } from '@moraine/maintenance/table/read-table'
import type {
  ExplainQuery,
  PartitionVerdict,
  PartitionVerdictPage,
} from '@moraine/management/table-work/table-inspection'
import { triggerFinding } from '../table-findings.ts'

/** The verdict on each partition under the rules by which the table is evaluated, those that are due first. */
export function explainPartitions(state: IndexedTable, query: ExplainQuery): PartitionVerdictPage {
  const clocks = (key: string) => query.clocks.get(key) ?? NEVER_OPTIMIZED
  const { partitions } = inspectTable(state, { now: query.now, clocks })
  const asked = partitions.filter(
    ({ partition }) => query.partitionPath === undefined || partition.partitionPath === query.partitionPath,
  )
  const verdicts = asked.map((each): PartitionVerdict => {
    const due = each.evaluation.trigger
    return {
      partitionPath: each.partition.partitionPath,
      due,
      finding: triggerFinding([each], due === undefined ? [] : [each]),
      optimizedAt: clocks(each.partition.key),
    }
  })
  const inOrder = verdicts.sort(
    (a, b) => Number(b.due !== undefined) - Number(a.due !== undefined) || (a.partitionPath < b.partitionPath ? -1 : 1),
  )
  return { partitions: inOrder.slice(0, query.limit), total: inOrder.length }
}
