import { counted, humanBytes } from '@moraine/stdx/human-text'
import type { EvaluatedPartition } from '../plan/evaluate-table.ts'
import { type HealthScore, healthWeight } from '../plan/health-score.ts'
import { minTargetSizeBytes, type OptimizingPolicy } from '../plan/optimizing-policy.ts'

/** Scores below this say by themselves that something is wrong. */
const LOOKS_HEALTHY = 80

/**
 * Why a table that has something to find scores high all the same, in one sentence with the figures. `undefined` for a
 * score that does not look healthy.
 */
export function healthNote(
  { total }: HealthScore,
  partitions: readonly EvaluatedPartition[],
  policy: OptimizingPolicy,
): string | undefined {
  if (total < LOOKS_HEALTHY || partitions.length === 0) return undefined
  const { files, bytes } = heaviest(partitions, policy)
  const weight = `in full only from ${counted(policy.minorFileCount, 'file')} and ${humanBytes(minTargetSizeBytes(policy))} to optimize on`
  const here =
    partitions.length === 1
      ? `here it is ${counted(files, 'file')} with ${humanBytes(bytes)}`
      : `of the ${partitions.length} partitions averaged here the heaviest has ${counted(files, 'file')} with ${humanBytes(bytes)}`
  return `The score is ${total} all the same because a partition's small files and deletes count ${weight}; ${here}.`
}

function heaviest(partitions: readonly EvaluatedPartition[], policy: OptimizingPolicy) {
  let found = { files: 0, bytes: 0 }
  let most = -1
  for (const { evaluation } of partitions) {
    const weight = healthWeight(evaluation, policy)
    if (weight < most || (weight === most && evaluation.touched.files <= found.files)) continue
    found = evaluation.touched
    most = weight
  }
  return found
}
