import type { EpochMs } from '@moraine/stdx/brand'
import type { OptimizingClocks } from './evaluate-partition.ts'
import type { EvaluatedPartition } from './evaluate-table.ts'
import type { OptimizingPolicy } from './optimizing-policy.ts'

/**
 * The earliest time after `now` at which a trigger may hold although the table does not change; `undefined` if time alone
 * changes nothing. Never too late; too early where full optimizing will find nothing to do.
 */
export function nextTriggerAt(
  partitions: readonly EvaluatedPartition[],
  policy: OptimizingPolicy,
  clocks: (partitionKey: string) => OptimizingClocks,
  now: EpochMs,
): EpochMs | undefined {
  let next = Number.POSITIVE_INFINITY
  for (const { partition, evaluation } of partitions) {
    if (evaluation.trigger !== undefined) continue
    const last = clocks(partition.key)
    const small = evaluation.fragments.files + evaluation.equalityDeletes.files
    if (small > 1) next = Math.min(next, passing(policy.minorIntervalMs, last.minor, now))
    // Full optimizing judges files otherwise, so what it will find is not known from these figures.
    next = Math.min(next, passing(policy.fullIntervalMs, last.full, now))
  }
  return Number.isFinite(next) ? (next as EpochMs) : undefined
}

// An interval that has passed already, or began in the future, was part of the evaluation. A trigger holds once more than the interval has passed.
function passing(intervalMs: number, last: EpochMs, now: EpochMs): number {
  const at = last + intervalMs + 1
  return intervalMs >= 0 && at > now && last <= now ? at : Number.POSITIVE_INFINITY
}
