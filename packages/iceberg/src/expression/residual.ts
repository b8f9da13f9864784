import type { PartitionSpec, PartitionTuple } from '../partition/partition-spec.ts'
import { matchesPartition } from './evaluate-partition.ts'
import { type BoundExpression, FALSE, mapPredicates, TRUE } from './expression.ts'
import { holdsOnlyMatches, mayHoldMatches } from './project-filter.ts'

/**
 * What remains to be tested of the rows of one partition: the filter without what its partition values already decide.
 * `true` if every row satisfies it, `false` if none does.
 */
export function residualOf(filter: BoundExpression, spec: PartitionSpec, partition: PartitionTuple): BoundExpression {
  return mapPredicates(filter, (predicate) => {
    if (matchesPartition(holdsOnlyMatches(predicate, spec), partition)) return TRUE
    return matchesPartition(mayHoldMatches(predicate, spec), partition) ? predicate : FALSE
  })
}
