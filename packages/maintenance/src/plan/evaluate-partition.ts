import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { ScanTask } from '@moraine/iceberg/scan/delete-index'
import type { EpochMs } from '@moraine/stdx/brand'
import { type ClassifiedFile, type ClassifyContext, classifyFile } from './classify-file.ts'
import type { OptimizingPolicy } from './optimizing-policy.ts'
import type { OptimizingType } from './rewrite-plan.ts'

/** Ends of the last successful processes of a partition, by type; 0 if there was none. */
export type OptimizingClocks = { readonly minor: EpochMs; readonly major: EpochMs; readonly full: EpochMs }

/** `auto` follows the triggers; a type asks for just that, as if its interval had passed. */
export type RequestedType = 'auto' | OptimizingType

export type Tally = { readonly files: number; readonly bytes: number; readonly records: number }

/** A partition's state in figures, and what the triggers make of it (Amoro's evaluator). */
export type PartitionEvaluation = {
  readonly files: readonly ClassifiedFile[]
  readonly fragments: Tally
  /** Undersized files and files of target size that are rewritten for their deletes. */
  readonly rewriteSegments: Tally
  /** Undersized files worth merging with one another. */
  readonly undersized: Tally
  readonly convert: Tally
  /** Files of target size with more than one position delete file. */
  readonly combinePositions: number
  /** Sum of the two smallest undersized files; `Infinity` if there are fewer. */
  readonly smallestPairBytes: number
  readonly equalityDeletes: Tally
  readonly positionDeletes: Tally
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
  readonly sortOrderId: number
  readonly deletedRows: ClassifyContext['deletedRows']
  readonly unwritable?: ClassifyContext['unwritable']
}

export function evaluatePartition(tasks: readonly ScanTask[], input: EvaluateInput): PartitionEvaluation {
  const { policy } = input
  const fullMode =
    input.requested === 'full' ||
    (input.requested === 'auto' && intervalPassed(policy.fullIntervalMs, input.clocks.full, input.now))
  const files = tasks.map((task) => classifyFile(task, { ...input, fullMode }))
  const undersizedFiles = files.filter((file) => file.wish === 'merge')
  const counted = {
    files,
    fragments: tally(files.filter((file) => file.sizeClass === 'fragment')),
    rewriteSegments: tally(files.filter((file) => file.sizeClass !== 'fragment' && file.wish === 'rewrite')),
    undersized: tally(undersizedFiles),
    convert: tally(files.filter((file) => file.wish === 'convert')),
    combinePositions: files.filter((file) => file.wish === 'convert' && file.deletes.positions.length > 1).length,
    smallestPairBytes: smallestPair(undersizedFiles),
    ...tallyDeletes(files.filter((file) => file.wish !== 'keep')),
  }
  return { ...counted, trigger: triggerOf(counted, input, fullMode), costBytes: costOf(counted, policy) }
}

type Counted = Omit<PartitionEvaluation, 'trigger' | 'costBytes'>

function triggerOf(counted: Counted, input: EvaluateInput, fullMode: boolean): OptimizingType | undefined {
  if (fullMode) return isFullDue(counted) ? 'full' : undefined
  const major = input.requested !== 'minor' && isMajorDue(counted, input.policy)
  if (major) return 'major'
  return input.requested !== 'major' && isMinorDue(counted, input) ? 'minor' : undefined
}

function isMinorDue(counted: Counted, { policy, requested, clocks, now }: EvaluateInput): boolean {
  const small = counted.fragments.files + counted.equalityDeletes.files
  const intervalReached = requested === 'minor' || intervalPassed(policy.minorIntervalMs, clocks.minor, now)
  return small >= policy.minorFileCount || (small > 1 && intervalReached) || counted.combinePositions > 0
}

function isMajorDue(counted: Counted, policy: OptimizingPolicy): boolean {
  return (
    counted.rewriteSegments.files > 0 ||
    (counted.undersized.bytes >= policy.targetSizeBytes && counted.smallestPairBytes <= policy.targetSizeBytes)
  )
}

function isFullDue(counted: Counted): boolean {
  return (
    counted.equalityDeletes.files > 0 ||
    counted.positionDeletes.files > 0 ||
    counted.fragments.files >= 2 ||
    counted.undersized.files >= 2 ||
    counted.rewriteSegments.files > 0 ||
    counted.convert.files > 0
  )
}

function intervalPassed(intervalMs: number, last: EpochMs, now: EpochMs): boolean {
  return intervalMs >= 0 && now - last > intervalMs
}

function costOf(counted: Counted, policy: OptimizingPolicy): number {
  const rewritten = counted.fragments.bytes + counted.rewriteSegments.bytes + counted.undersized.bytes
  const fileCount =
    counted.fragments.files + counted.rewriteSegments.files + counted.undersized.files + counted.convert.files
  return (
    2 * rewritten +
    counted.convert.bytes / 10 +
    counted.positionDeletes.bytes +
    counted.equalityDeletes.bytes +
    fileCount * policy.openFileCostBytes
  )
}

function tally(files: readonly ClassifiedFile[]): Tally {
  let bytes = 0
  let records = 0
  for (const { task } of files) {
    bytes += task.data.file.fileSizeBytes
    records += task.data.file.recordCount
  }
  return { files: files.length, bytes, records }
}

function tallyDeletes(
  files: readonly ClassifiedFile[],
): Pick<PartitionEvaluation, 'equalityDeletes' | 'positionDeletes'> {
  const seen = new Map<string, ManifestEntry>()
  for (const { deletes } of files) {
    for (const entry of deletes.effective) seen.set(contentFileKey(entry.file), entry)
  }
  const sum = (content: string): Tally => {
    const files = [...seen.values()].filter((entry) => entry.file.content === content).map((entry) => entry.file)
    return {
      files: files.length,
      bytes: files.reduce((total, file) => total + (file.contentSizeBytes ?? file.fileSizeBytes), 0),
      records: files.reduce((total, file) => total + file.recordCount, 0),
    }
  }
  return { equalityDeletes: sum('equality-deletes'), positionDeletes: sum('position-deletes') }
}

function smallestPair(files: readonly ClassifiedFile[]): number {
  let smallest = Number.POSITIVE_INFINITY
  let second = Number.POSITIVE_INFINITY
  for (const { task } of files) {
    const bytes = task.data.file.fileSizeBytes
    if (bytes < smallest) [smallest, second] = [bytes, smallest]
    else if (bytes < second) second = bytes
  }
  return smallest + second
}

/** Bytes and records of the files that optimizing would touch: what the health score is computed over. */
export function touched(evaluation: PartitionEvaluation): Tally {
  return tally(evaluation.files.filter((file) => file.wish !== 'keep'))
}
