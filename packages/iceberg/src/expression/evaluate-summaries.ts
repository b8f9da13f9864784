import type { FieldSummary } from '../manifest/manifest-file.ts'
import { type ColumnFacts, decodeBounds } from './column-facts.ts'
import { isFloating } from './compare-values.ts'
import { holds, type PartitionColumn, type PartitionExpression } from './expression.ts'
import { mayMatch } from './may-match.ts'

/**
 * Whether a manifest may list files of a partition that satisfies the expression, by the summaries of its partition
 * fields; without summaries, as in some v1 tables, it may.
 */
export function mayMatchSummaries(expression: PartitionExpression, summaries: readonly FieldSummary[]): boolean {
  return holds(expression, (predicate) => {
    const summary = summaries[predicate.ref.position]
    return summary === undefined || mayMatch(predicate, summaryFacts(predicate.ref, summary))
  })
}

function summaryFacts({ type }: PartitionColumn, summary: FieldSummary): ColumnFacts {
  const { containsNull, containsNan, lowerBound, upperBound } = summary
  const mayBeNan = isFloating(type) && containsNan !== false
  // Writers give no bounds where all values are null or NaN. Where there are none of those, they have left them out.
  const mayBeOrdered = lowerBound !== undefined || upperBound !== undefined || !(containsNull || containsNan === true)
  return {
    type,
    mayBeNull: containsNull,
    mayBeNan,
    mayBeOrdered,
    mayBeValue: mayBeOrdered || mayBeNan,
    ...decodeBounds(type, { lower: lowerBound, upper: upperBound }),
  }
}
