import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
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
import { DeleteList, dataInput, deleteInput } from './group-inputs.ts'
import type { OptimizingPolicy } from './optimizing-policy.ts'
import { type Bin, packGroups } from './pack-groups.ts'
import type { OptimizingType, ReleasedDelete, RewriteGroup, RewritePlan, SkippedPartition } from './rewrite-plan.ts'
import { tiedPartitions } from './shared-deletes.ts'
import { skippedPartition, unreadableRest } from './skip-reason.ts'
import type { PartitionFiles, TableFiles } from './table-files.ts'
import { unwritableColumn } from './unreadable-file.ts'

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
  const schema = input.metadata.schemas.find((each) => each.schemaId === input.metadata.currentSchemaId)
  const unwritable = schema && unwritableColumn(schema)
  return input.files.partitions.map((partition) => ({
    partition,
    evaluation: evaluatePartition(partition.files, {
      policy: input.policy,
      requested: input.requested,
      clocks: input.clocks(partition.key),
      now: input.now,
      sortOrderId: input.metadata.defaultSortOrderId,
      deletedRows,
      unwritable,
    }),
  }))
}

/**
 * Plans the optimizing of one table from one snapshot (Amoro's compatibility policy). Pure: the same input gives the
 * same plan, whatever the order of its files. A fixed point: what was rewritten is no longer a candidate, so that
 * repeated planning and committing ends.
 */
export function planRewrite(input: PlanInput): RewritePlan {
  const evaluated = evaluateTable(input)
  const { bins, types } = chooseBins(evaluated, input)
  const useful = withoutUselessConversions(bins, input)
  const groups = useful.flatMap(({ partition, bins: each }) => each.map((bin) => ({ partition, bin })))
  const numbered = groups.map(({ partition, bin }, index) => groupOf(bin, index + 1, partition, input))
  const planned = new Map(useful.map((each) => [each.partition.key, each.bins.length]))
  return {
    planVersion: 1,
    tableUuid: input.metadata.tableUuid ?? '',
    tableLocation: input.metadata.location,
    baseSnapshotId: input.snapshot.snapshotId,
    baseSequenceNumber: input.snapshot.sequenceNumber,
    schemaId: input.metadata.currentSchemaId,
    optimizingType: strongest(
      useful.flatMap(({ partition, bins: each }) => (each.length > 0 ? [types.get(partition.key)] : [])),
    ),
    groups: numbered,
    releasedDeletes: numbered.length === 0 ? [] : releasedDeletes(input, numbered),
    skipped: skippedPartitions(evaluated, planned, input),
  }
}

type PartitionBins = { readonly partition: PartitionFiles; readonly bins: readonly Bin[] }

/** Takes due partitions, dearest first, each with those tied to it, until the budget is crossed. */
function chooseBins(evaluated: readonly EvaluatedPartition[], input: PlanInput) {
  const tied = tiedPartitions(evaluated)
  const bins: PartitionBins[] = []
  const types = new Map<string, OptimizingType | undefined>()
  let cost = 0
  for (const due of dueFirst(evaluated, input)) {
    if (cost > input.maxCostBytes) break
    for (const { partition, evaluation } of tied(due)) {
      if (types.has(partition.key) || !input.chooses(partition)) continue
      types.set(partition.key, evaluation.trigger)
      const readable = evaluation.files.filter((file) => file.unreadable === undefined)
      const packed = packGroups(readable, input.policy, input.metadata.defaultSortOrderId)
      bins.push({ partition, bins: packed })
      if (packed.length > 0) cost += evaluation.costBytes
    }
  }
  return { bins, types }
}

function dueFirst(evaluated: readonly EvaluatedPartition[], input: PlanInput): readonly EvaluatedPartition[] {
  return evaluated
    .filter(({ partition, evaluation }) => evaluation.trigger !== undefined && input.chooses(partition))
    .sort((a, b) => b.evaluation.costBytes - a.evaluation.costBytes || (a.partition.key < b.partition.key ? -1 : 1))
}

/**
 * Drops conversions none of whose equality deletes can be released, because a file outside the plan needs them: readers
 * would still have to apply them, and the next plan would convert them again.
 */
function withoutUselessConversions(chosen: readonly PartitionBins[], input: PlanInput): readonly PartitionBins[] {
  const groupByPath = new Map<string, number>()
  const all = chosen.flatMap(({ bins }) => bins)
  for (const [index, bin] of all.entries())
    for (const file of bin.files) groupByPath.set(file.task.data.file.filePath, index)
  const released = releasableDeletes(input.files.partitions, input.files.deletes, (path) => groupByPath.get(path))
  const isUseful = (file: ClassifiedFile) =>
    !file.deletes.isCompact || file.deletes.equality.some((entry) => released.has(contentFileKey(entry.file)))
  return chosen.map(({ partition, bins }) => ({
    partition,
    bins: bins.flatMap((bin): Bin[] => {
      if (bin.kind === 'rewrite') return [bin]
      const files = bin.files.filter(isUseful)
      return files.length === 0 ? [] : [{ kind: 'convert', files }]
    }),
  }))
}

function groupOf(bin: Bin, groupId: number, partition: PartitionFiles, input: PlanInput): RewriteGroup {
  const deletes = new DeleteList()
  const inputs = bin.files.map((file) => dataInput(file.task.data, deletes.ordinalsOf(file.deletes.effective)))
  return {
    groupId,
    specId: partition.specId,
    partition: partition.partition,
    partitionPath: partition.partitionPath,
    method: chooseMethod(bin, inputs, input.metadata.defaultSortOrderId !== 0),
    inputs,
    deletes: deletes.inputs,
    targetSizeBytes: input.policy.targetSizeBytes,
  }
}

function releasedDeletes(input: PlanInput, groups: readonly RewriteGroup[]): readonly ReleasedDelete[] {
  const groupByPath = new Map(
    groups.flatMap((group) => group.inputs.map((file) => [file.filePath, group.groupId] as const)),
  )
  const released = releasableDeletes(input.files.partitions, input.files.deletes, (path) => groupByPath.get(path))
  return [...released.values()].map(({ entry, groupIds }) => ({ delete: deleteInput(entry), groupIds }))
}

function strongest(types: readonly (OptimizingType | undefined)[]): OptimizingType {
  return types.includes('full') ? 'full' : types.includes('major') ? 'major' : 'minor'
}

function skippedPartitions(
  evaluated: readonly EvaluatedPartition[],
  planned: ReadonlyMap<string, number>,
  input: PlanInput,
): readonly SkippedPartition[] {
  return evaluated.flatMap((candidate) => {
    const groups = planned.get(candidate.partition.key)
    if (groups !== undefined && groups > 0) return unreadableRest(candidate)
    const status = groups !== undefined ? 'no-groups' : input.chooses(candidate.partition) ? 'not-taken' : 'filtered'
    return [skippedPartition(candidate, status, input.policy)]
  })
}
