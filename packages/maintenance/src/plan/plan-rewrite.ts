import { type ContentFile, contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { assert } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { apportionedDeletes } from './apportioned-deletes.ts'
import { chooseMethod } from './choose-method.ts'
import type { ClassifiedFile } from './classify-file.ts'
import { releasableDeletes } from './delete-ownership.ts'
import {
  evaluatePartition,
  type OptimizingClocks,
  type PartitionEvaluation,
  type RequestedType,
} from './evaluate-partition.ts'
import type { OptimizingPolicy } from './optimizing-policy.ts'
import { type Bin, packGroups } from './pack-groups.ts'
import type {
  DataInput,
  DeleteInput,
  OptimizingType,
  ReleasedDelete,
  RewriteGroup,
  RewritePlan,
  SkippedPartition,
} from './rewrite-plan.ts'
import { skippedPartition, unreadableRest } from './skip-reason.ts'
import type { PartitionFiles, TableFiles } from './table-files.ts'
import { unreadableReason } from './unreadable-file.ts'

export type PlanInput = {
  readonly metadata: TableMetadata
  /** The snapshot `files` were read from. */
  readonly snapshot: Snapshot
  readonly files: TableFiles
  readonly policy: OptimizingPolicy
  readonly requested: RequestedType
  /** How much work, by {@link PartitionEvaluation.costBytes}, one plan may hold; the partition that crosses it is included. */
  readonly maxCostBytes: number
  /** Chooses what may be rewritten; never what exists: deletes are resolved over all partitions. */
  readonly chooses: (partition: PartitionFiles) => boolean
  readonly clocks: (partitionKey: string) => OptimizingClocks
  readonly now: EpochMs
}

export type EvaluatedPartition = { readonly partition: PartitionFiles; readonly evaluation: PartitionEvaluation }

/** Evaluates every partition, in the order given. */
export function evaluateTable(
  input: Omit<PlanInput, 'maxCostBytes' | 'chooses' | 'snapshot'>,
): readonly EvaluatedPartition[] {
  const deletedRows = apportionedDeletes(input.files.partitions.flatMap((partition) => partition.files))
  return input.files.partitions.map((partition) => ({
    partition,
    evaluation: evaluatePartition(partition.files, {
      policy: input.policy,
      requested: input.requested,
      clocks: input.clocks(partition.key),
      now: input.now,
      sortOrderId: input.metadata.defaultSortOrderId,
      deletedRows,
    }),
  }))
}

/**
 * Plans the optimizing of one table from one snapshot (Amoro's compatibility policy). Pure: the same input gives the
 * same plan. A fixed point: once a plan is committed and nothing else happens, the next plan has no groups.
 */
export function planRewrite(input: PlanInput): RewritePlan {
  const evaluated = evaluateTable(input)
  const due = evaluated
    .filter(({ partition, evaluation }) => evaluation.trigger !== undefined && input.chooses(partition))
    .sort((a, b) => b.evaluation.costBytes - a.evaluation.costBytes || (a.partition.key < b.partition.key ? -1 : 1))
  const taken = new Map<string, readonly RewriteGroup[]>()
  const groups: RewriteGroup[] = []
  let cost = 0
  for (const { partition, evaluation } of due) {
    if (cost > input.maxCostBytes) break
    const added = planPartition(partition, evaluation, input, groups.length)
    taken.set(partition.key, added)
    groups.push(...added)
    if (added.length > 0) cost += evaluation.costBytes
  }
  return {
    planVersion: 1,
    tableUuid: input.metadata.tableUuid ?? '',
    tableLocation: input.metadata.location,
    baseSnapshotId: input.snapshot.snapshotId,
    baseSequenceNumber: input.snapshot.sequenceNumber,
    schemaId: input.metadata.currentSchemaId,
    optimizingType: typeOf(due.filter(({ partition }) => (taken.get(partition.key) ?? []).length > 0)),
    groups,
    releasedDeletes: groups.length === 0 ? [] : releasedDeletes(input, groups),
    skipped: skippedPartitions(evaluated, taken, input),
  }
}

function planPartition(
  partition: PartitionFiles,
  evaluation: PartitionEvaluation,
  input: PlanInput,
  groupsBefore: number,
): readonly RewriteGroup[] {
  const sortOrderId = input.metadata.defaultSortOrderId
  const readable = evaluation.files.filter((file) => unreadableReason(file) === undefined)
  const bins = packGroups(readable, input.policy, sortOrderId)
  return bins.map((bin, index) => groupOf(bin, groupsBefore + index + 1, partition, input))
}

function groupOf(bin: Bin, groupId: number, partition: PartitionFiles, input: PlanInput): RewriteGroup {
  const deletes: DeleteInput[] = []
  const ordinals = new Map<string, number>()
  const ordinalOf = (entry: ManifestEntry) => {
    const key = contentFileKey(entry.file)
    const known = ordinals.get(key)
    if (known !== undefined) return known
    ordinals.set(key, deletes.length)
    return deletes.push(deleteInput(entry)) - 1
  }
  const inputs = bin.files.map((file) => dataInput(file, file.deletes.effective.map(ordinalOf)))
  return {
    groupId,
    specId: partition.specId,
    partition: partition.partition,
    partitionPath: partition.partitionPath,
    method: chooseMethod(bin, inputs, input.metadata.defaultSortOrderId !== 0),
    inputs,
    deletes,
    targetSizeBytes: input.policy.targetSizeBytes,
  }
}

function dataInput({ task }: ClassifiedFile, deletes: readonly number[]): DataInput {
  const { file } = task.data
  return {
    filePath: file.filePath,
    fileFormat: file.fileFormat,
    recordCount: file.recordCount,
    fileSizeBytes: file.fileSizeBytes,
    dataSequenceNumber: task.data.dataSequenceNumber,
    ...(file.sortOrderId !== undefined && { sortOrderId: file.sortOrderId }),
    ...(file.splitOffsets !== undefined && { splitOffsets: file.splitOffsets }),
    ...(file.firstRowId !== undefined && { firstRowId: file.firstRowId }),
    deletes,
  }
}

function deleteInput(entry: ManifestEntry): DeleteInput {
  const file: ContentFile = entry.file
  assert(file.content !== 'data', `${file.filePath} is not a delete file`)
  return {
    content: file.content,
    filePath: file.filePath,
    fileFormat: file.fileFormat,
    specId: file.specId,
    recordCount: file.recordCount,
    fileSizeBytes: file.fileSizeBytes,
    dataSequenceNumber: entry.dataSequenceNumber,
    ...(file.equalityIds !== undefined && { equalityIds: file.equalityIds }),
    ...(file.referencedDataFile !== undefined && { referencedDataFile: file.referencedDataFile }),
    ...(file.contentOffset !== undefined && { contentOffset: file.contentOffset }),
    ...(file.contentSizeBytes !== undefined && { contentSizeBytes: file.contentSizeBytes }),
  }
}

function releasedDeletes(input: PlanInput, groups: readonly RewriteGroup[]): readonly ReleasedDelete[] {
  const groupByPath = new Map(
    groups.flatMap((group) => group.inputs.map((file) => [file.filePath, group.groupId] as const)),
  )
  const released = releasableDeletes(input.files.partitions, input.files.deletes, (path) => groupByPath.get(path))
  return [...released.values()].map(({ entry, groupIds }) => ({ delete: deleteInput(entry), groupIds }))
}

function typeOf(taken: readonly EvaluatedPartition[]): OptimizingType {
  const types = new Set(taken.map(({ evaluation }) => evaluation.trigger))
  if (types.has('full')) return 'full'
  return types.has('major') ? 'major' : 'minor'
}

function skippedPartitions(
  evaluated: readonly EvaluatedPartition[],
  taken: ReadonlyMap<string, readonly RewriteGroup[]>,
  input: PlanInput,
): readonly SkippedPartition[] {
  return evaluated.flatMap((candidate) => {
    const groups = taken.get(candidate.partition.key)
    if (groups !== undefined && groups.length > 0) return unreadableRest(candidate)
    const status = groups !== undefined ? 'no-groups' : input.chooses(candidate.partition) ? 'not-taken' : 'filtered'
    return [skippedPartition(candidate, status, input.policy)]
  })
}
