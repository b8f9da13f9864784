import type { TablePartition } from '@moraine/iceberg/scan/partition-dictionary'
import type { PartitionEvaluation } from './evaluate-partition.ts'
import type { EvaluatedPartition } from './evaluate-table.ts'
import { fragmentSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'
import type { SkippedPartition, SkipReason } from './rewrite-plan.ts'

/** Says why a partition has no groups in a plan, with the figures. */
export function skippedPartition(
  { partition, evaluation }: EvaluatedPartition,
  status: 'filtered' | 'not-taken' | 'no-groups',
  policy: OptimizingPolicy,
): SkippedPartition {
  const skip = (reason: SkipReason, detail: string) => skipEntry(partition, reason, detail)
  const { files, touched, unreadable } = evaluation
  if (touched.files === 0) return skip('healthy', `${files.files} files, none small, none with deletes to apply`)
  if (status === 'filtered') return skip('filtered', 'outside the partitions that may be optimized')
  if (unreadable?.files === touched.files) return skip(unreadable.first.reason, unreadable.first.detail)
  if (evaluation.trigger === undefined) return skip('below-trigger', belowTrigger(evaluation, policy))
  if (status === 'not-taken')
    return skip('over-budget', `costs ${evaluation.costBytes} bytes; other partitions come first`)
  return skip('nothing-to-gain', 'every file would be rewritten by itself, with the same rows')
}

/** The files that a planned partition leaves alone because they cannot be read; none if all can. */
export function unreadableRest({ partition, evaluation }: EvaluatedPartition): readonly SkippedPartition[] {
  const { unreadable } = evaluation
  if (unreadable === undefined) return []
  const { reason, detail } = unreadable.first
  return [skipEntry(partition, reason, `${unreadable.files} files left alone: ${detail}`)]
}

function skipEntry({ specId, partitionPath }: TablePartition, reason: SkipReason, detail: string): SkippedPartition {
  return { specId, partitionPath, reason, detail }
}

function belowTrigger(evaluation: PartitionEvaluation, policy: OptimizingPolicy): string {
  const small = evaluation.fragments.files + evaluation.equalityDeletes.files
  return [
    `${evaluation.fragments.files} files of at most ${fragmentSizeBytes(policy)} bytes and ${evaluation.equalityDeletes.files} equality delete files: ${small} of ${policy.minorFileCount}, or 2 once ${policy.minorIntervalMs} ms have passed`,
    `${evaluation.undersized.files} undersized files with ${evaluation.undersized.bytes} of ${policy.targetSizeBytes} bytes`,
  ].join('; ')
}
