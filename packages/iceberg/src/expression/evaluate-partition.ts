import type { PartitionTuple } from '../partition/partition-spec.ts'
import { holds, type PartitionExpression } from './expression.ts'
import { matchesValue } from './matches-value.ts'

/** Whether a partition satisfies the expression, which is of the same spec. */
export function matchesPartition(expression: PartitionExpression, partition: PartitionTuple): boolean {
  return holds(expression, (predicate) => matchesValue(predicate, partition[predicate.ref.position] ?? null))
}
