import type { TablePartition } from '@moraine/iceberg/scan/partition-dictionary'
import { counted, humanBytes, humanDuration } from '@moraine/stdx/human-text'
import type { PartitionEvaluation, RequestedType } from './evaluate-partition.ts'
import type { EvaluatedPartition } from './evaluate-table.ts'
import type { Excluded } from './excluded-files.ts'
import { fragmentSizeBytes, type OptimizingPolicy } from './optimizing-policy.ts'
import type { SkippedPartition, SkipReason } from './rewrite-plan.ts'

/** Says why a partition has no groups in a plan, with the figures. */
export function skippedPartition(
  { partition, evaluation }: EvaluatedPartition,
  status: 'filtered' | 'not-taken' | 'no-groups',
  { policy, requested }: { readonly policy: OptimizingPolicy; readonly requested: RequestedType },
): SkippedPartition {
  const skip = (reason: SkipReason, detail: string) => skipEntry(partition, reason, detail)
  const { files, touched, unreadable } = evaluation
  if (touched.files === 0)
    return skip('healthy', `${counted(files.files, 'file')}, none small, none with deletes to apply`)
  if (status === 'filtered') return skip('filtered', 'outside the partitions that may be optimized')
  if (unreadable?.files === touched.files) return skip(unreadable.first.reason, unreadable.first.detail)
  if (evaluation.trigger === undefined) {
    return requested === 'full'
      ? skip('nothing-to-gain', nothingForFull(evaluation))
      : skip('below-trigger', belowTrigger(evaluation, policy))
  }
  if (status === 'not-taken')
    return skip('over-budget', `costs ${humanBytes(evaluation.costBytes)}; other partitions come first`)
  return skip('nothing-to-gain', 'every file would be rewritten by itself, with the same rows')
}

/** The files that a planned partition leaves alone because they cannot be read; none if all can. */
export function unreadableRest({ partition, evaluation }: EvaluatedPartition): readonly SkippedPartition[] {
  const { unreadable } = evaluation
  if (unreadable === undefined) return []
  const { reason, detail } = unreadable.first
  return [skipEntry(partition, reason, `${counted(unreadable.files, 'file')} left alone: ${detail}`)]
}

/** The files of a partition that are left out because one could not be read lately. */
export function excludedRest(partition: TablePartition, { files, path, reason }: Excluded): SkippedPartition {
  const what = `${files} ${files === 1 ? 'file' : 'files'} left alone because of ${path}`
  return skipEntry(partition, 'unreadable', `${what}, which could not be read: ${reason}`)
}

/** A partition that lists a file more than once. */
export function doubledPartition(partition: TablePartition, path: string): SkippedPartition {
  const remedy = 'readers see its rows as often; remove what is too much, with the engine that added it'
  return skipEntry(partition, 'listed-twice', `${path} is listed more than once: ${remedy}`)
}

function skipEntry({ specId, partitionPath }: TablePartition, reason: SkipReason, detail: string): SkippedPartition {
  return { specId, partitionPath, reason, detail }
}

function nothingForFull({ files, touched }: PartitionEvaluation): string {
  return `${touched.files} of ${counted(files.files, 'file')} is small, and there is no other to merge it with; no deletes to apply`
}

function belowTrigger(evaluation: PartitionEvaluation, policy: OptimizingPolicy): string {
  const small = evaluation.fragments.files + evaluation.equalityDeletes.files
  const interval =
    policy.minorIntervalMs < 0
      ? ''
      : `, or 2 once ${humanDuration(policy.minorIntervalMs)} have passed since the last time`
  return [
    `${counted(evaluation.fragments.files, 'file')} of at most ${humanBytes(fragmentSizeBytes(policy))} and ${counted(evaluation.equalityDeletes.files, 'equality delete file')}: ${small} of ${policy.minorFileCount}${interval}`,
    `${counted(evaluation.undersized.files, 'undersized file')} with ${humanBytes(evaluation.undersized.bytes)} of ${humanBytes(policy.targetSizeBytes)}`,
  ].join('; ')
}
