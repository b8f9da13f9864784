import type { PartitionEvaluation } from './evaluate-partition.ts'
import { fragmentSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'
import type { EvaluatedPartition } from './plan-rewrite.ts'
import type { SkippedPartition, SkipReason } from './rewrite-plan.ts'
import type { PartitionFiles } from './table-files.ts'

/** Says why a partition has no groups in a plan, with the figures. */
export function skippedPartition(
  { partition, evaluation }: EvaluatedPartition,
  status: 'filtered' | 'not-taken' | 'no-groups',
  policy: OptimizingPolicy,
): SkippedPartition {
  const skip = (reason: SkipReason, detail: string) => skipEntry(partition, reason, detail)
  const touchable = evaluation.files.filter((file) => file.wish !== 'keep')
  if (touchable.length === 0)
    return skip('healthy', `${partition.files.length} files, none small, none with deletes to apply`)
  if (status === 'filtered') return skip('filtered', 'outside the partitions that may be optimized')
  const unreadable = touchable.find((file) => file.unreadable !== undefined)?.unreadable
  if (unreadable !== undefined && touchable.every((file) => file.unreadable !== undefined)) {
    return skip(unreadable.reason, unreadable.detail)
  }
  if (evaluation.trigger === undefined) return skip('below-trigger', belowTrigger(evaluation, policy))
  if (status === 'not-taken')
    return skip('over-budget', `costs ${evaluation.costBytes} bytes; other partitions come first`)
  return skip('nothing-to-gain', 'every file would be rewritten by itself, with the same rows')
}

/** The files that a planned partition leaves alone because they cannot be read; none if all can. */
export function unreadableRest({ partition, evaluation }: EvaluatedPartition): readonly SkippedPartition[] {
  const unreadable = evaluation.files.filter((file) => file.wish !== 'keep').flatMap((file) => file.unreadable ?? [])
  const [first] = unreadable
  return first === undefined
    ? []
    : [skipEntry(partition, first.reason, `${unreadable.length} files left alone: ${first.detail}`)]
}

function skipEntry({ specId, partitionPath }: PartitionFiles, reason: SkipReason, detail: string): SkippedPartition {
  return { specId, partitionPath, reason, detail }
}

function belowTrigger(evaluation: PartitionEvaluation, policy: OptimizingPolicy): string {
  const small = evaluation.fragments.files + evaluation.equalityDeletes.files
  return [
    `${evaluation.fragments.files} files of at most ${fragmentSizeBytes(policy)} bytes and ${evaluation.equalityDeletes.files} equality delete files: ${small} of ${policy.minorFileCount}, or 2 once ${policy.minorIntervalMs} ms have passed`,
    `${evaluation.undersized.files} undersized files with ${evaluation.undersized.bytes} of ${policy.targetSizeBytes} bytes`,
  ].join('; ')
}
