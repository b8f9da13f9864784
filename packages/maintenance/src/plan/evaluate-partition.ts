import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Judgement } from './classify-file.ts'
import type { OptimizingPolicy } from './optimizing-policy.ts'
import type { PartitionFigures } from './partition-tally.ts'

/** Ends of the last successful processes of a partition, by type; 0 if there was none. */
export type OptimizingClocks = { readonly minor: EpochMs; readonly major: EpochMs; readonly full: EpochMs }

export const NEVER_OPTIMIZED: OptimizingClocks = { minor: 0 as EpochMs, major: 0 as EpochMs, full: 0 as EpochMs }

/** `auto` follows the triggers; a type asks for just that, as if its interval had passed. */
export type RequestedType = 'auto' | OptimizingType

/** A partition's state in figures, and what the triggers make of it (Amoro's evaluator). */
export type PartitionEvaluation = PartitionFigures & {
  /** `undefined`: no trigger holds. */
  readonly trigger: OptimizingType | undefined
  /** Weight of the work, in bytes; decides the order of partitions and the budget. */
  readonly costBytes: number
}

export type EvaluateInput = {
  readonly policy: OptimizingPolicy
  readonly requested: RequestedType
  readonly clocks: OptimizingClocks
  readonly now: EpochMs
  /** Whether the partition is of an older spec, from which full optimizing moves the rows. */
  readonly isOutdated: boolean
}

export function judgementOf(input: EvaluateInput): Judgement {
  if (!isFullMode(input)) return 'triggered'
  return input.isOutdated ? 'full-move' : 'full'
}

/** Whether full optimizing is asked for, or its interval has passed. */
function isFullMode({ requested, policy, clocks, now }: EvaluateInput): boolean {
  return requested === 'full' || (requested === 'auto' && intervalPassed(policy.fullIntervalMs, clocks.full, now))
}

/** @param figures counted with the files judged as {@link judgementOf} says */
export function evaluatePartition(figures: PartitionFigures, input: EvaluateInput): PartitionEvaluation {
  return {
    files: figures.files,
    sizeClasses: figures.sizeClasses,
    touched: figures.touched,
    fragments: figures.fragments,
    rewriteSegments: figures.rewriteSegments,
    undersized: figures.undersized,
    convert: figures.convert,
    combinePositions: figures.combinePositions,
    smallestPairBytes: figures.smallestPairBytes,
    equalityDeletes: figures.equalityDeletes,
    positionDeletes: figures.positionDeletes,
    unreadable: figures.unreadable,
    reachingEquality: figures.reachingEquality,
    convertedEquality: figures.convertedEquality,
    trigger: triggerOf(figures, input),
    costBytes: costOf(figures, input.policy),
  }
}

function triggerOf(figures: PartitionFigures, input: EvaluateInput): OptimizingType | undefined {
  if (isFullMode(input))
    return isFullDue(figures) || (input.isOutdated && figures.touched.files > 0) ? 'full' : undefined
  const major = input.requested !== 'minor' && isMajorDue(figures, input.policy)
  if (major) return 'major'
  return input.requested !== 'major' && isMinorDue(figures, input) ? 'minor' : undefined
}

function isMinorDue(figures: PartitionFigures, { policy, requested, clocks, now }: EvaluateInput): boolean {
  const small = figures.fragments.files + figures.equalityDeletes.files
  const intervalReached = requested === 'minor' || intervalPassed(policy.minorIntervalMs, clocks.minor, now)
  return small >= policy.minorFileCount || (small > 1 && intervalReached) || figures.combinePositions > 0
}

function isMajorDue(figures: PartitionFigures, policy: OptimizingPolicy): boolean {
  return (
    figures.rewriteSegments.files > 0 ||
    (figures.undersized.bytes >= policy.targetSizeBytes && figures.smallestPairBytes <= policy.targetSizeBytes)
  )
}

function isFullDue(figures: PartitionFigures): boolean {
  return (
    figures.equalityDeletes.files > 0 ||
    figures.positionDeletes.files > 0 ||
    figures.fragments.files >= 2 ||
    figures.undersized.files >= 2 ||
    figures.rewriteSegments.files > 0 ||
    figures.convert.files > 0
  )
}

/** What was done in the future was done by a clock that was ahead: to wait for that time could take hours. */
function intervalPassed(intervalMs: number, last: EpochMs, now: EpochMs): boolean {
  return intervalMs >= 0 && (now - last > intervalMs || last > now)
}

function costOf(figures: PartitionFigures, policy: OptimizingPolicy): number {
  const rewritten = figures.fragments.bytes + figures.rewriteSegments.bytes + figures.undersized.bytes
  const fileCount =
    figures.fragments.files + figures.rewriteSegments.files + figures.undersized.files + figures.convert.files
  return (
    2 * rewritten +
    figures.convert.bytes / 10 +
    figures.positionDeletes.bytes +
    figures.equalityDeletes.bytes +
    fileCount * policy.openFileCostBytes
  )
}
