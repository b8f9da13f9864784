import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { TablePartition } from '@moraine/iceberg/scan/partition-dictionary'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Judgement } from './classify-file.ts'
import { CLEAN } from './delete-state.ts'
import {
  evaluatePartition,
  judgementOf,
  type OptimizingClocks,
  type PartitionEvaluation,
  type RequestedType,
} from './evaluate-partition.ts'
import { type FileClassifier, fileClassifier } from './file-classifier.ts'
import { deletesInOrder, type FileIndex, type IndexedSegment } from './file-index.ts'
import type { OptimizingPolicy } from './optimizing-policy.ts'
import { outputSpecs, type Partitioning } from './output-spec.ts'
import { PartitionTally } from './partition-tally.ts'

export type EvaluateTableInput = {
  readonly metadata: Partitioning & Pick<TableMetadata, 'defaultSortOrderId'>
  readonly index: FileIndex
  readonly policy: OptimizingPolicy
  readonly requested: RequestedType
  readonly clocks: (partitionKey: string) => OptimizingClocks
  readonly now: EpochMs
}

export type EvaluatedPartition = { readonly partition: TablePartition; readonly evaluation: PartitionEvaluation }

export type EvaluatedTable = {
  /** Every partition that has files. */
  readonly partitions: readonly EvaluatedPartition[]
  readonly classifier: FileClassifier
  /** By partition ordinal. */
  readonly judgements: readonly Judgement[]
}

/** Evaluates every partition in one pass over the columns of the index. */
export function evaluateTable(input: EvaluateTableInput): EvaluatedTable {
  const { index, policy, requested, now } = input
  const described = Array.from({ length: index.partitions.size }, (_, ordinal) => index.partitions.at(ordinal))
  const outputSpecOf = outputSpecs(input.metadata)
  const inputs = described.map(({ key, specId }) => {
    return { policy, requested, now, clocks: input.clocks(key), isOutdated: outputSpecOf(specId) !== undefined }
  })
  const judgements = inputs.map(judgementOf)
  const classifier = fileClassifier(index, input.metadata, policy)
  const tallies = described.map(() => new PartitionTally())
  for (const segment of index.segments) tallySegment(segment, tallies, judgements, classifier)
  const partitions = described.flatMap((partition, at): EvaluatedPartition[] => {
    const [tally, evaluateInput] = [tallies[at], inputs[at]]
    if (tally === undefined || evaluateInput === undefined || tally.files.files === 0) return []
    return [{ partition, evaluation: evaluatePartition(tally, evaluateInput) }]
  })
  return { partitions, classifier, judgements }
}

function tallySegment(
  { files, deletes }: IndexedSegment,
  tallies: readonly PartitionTally[],
  judgements: readonly Judgement[],
  classifier: FileClassifier,
): void {
  const stateOf = deletesInOrder(deletes)
  const { partitions, fileSizesBytes, recordCounts } = files
  for (let row = 0; row < files.length; row += 1) {
    const partition = partitions[row] ?? 0
    const tally = tallies[partition]
    const bytes = fileSizesBytes[row] ?? 0
    const state = stateOf(row)
    const sizeClass = classifier.sizeClassOf(bytes)
    const wish = classifier.wishOf(files, row, state, sizeClass, judgements[partition] ?? 'triggered')
    tally?.add(bytes, recordCounts[row] ?? 0, sizeClass, wish)
    if (state !== CLEAN) tally?.addDeletes(state, wish)
    if (wish === 'keep') continue
    const unreadable = classifier.unreadable(files, row, state)
    if (unreadable !== undefined) tally?.addUnreadable(unreadable)
  }
}
