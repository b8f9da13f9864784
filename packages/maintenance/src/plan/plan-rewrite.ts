import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { TablePartition } from '@moraine/iceberg/scan/partition-dictionary'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import { chooseMethod } from './choose-method.ts'
import { type DeleteOwnership, releasableDeletes } from './delete-ownership.ts'
import { type DoubledFiles, findDoubledFiles } from './doubled-files.ts'
import {
  type EvaluatedPartition,
  type EvaluatedTable,
  type EvaluateTableInput,
  evaluateTable,
} from './evaluate-table.ts'
import { ExcludedFiles, type UnreadableFiles } from './excluded-files.ts'
import type { FileId } from './file-index.ts'
import { DeleteList, deleteInput } from './group-inputs.ts'
import { outputSpecs } from './output-spec.ts'
import { type Bin, packGroups } from './pack-groups.ts'
import type { ReleasedDelete, RewriteGroup, RewritePlan, SkippedPartition } from './rewrite-plan.ts'
import { type TiedPartitions, tiedPartitions } from './shared-deletes.ts'
import { doubledPartition, excludedRest, skippedPartition, unreadableRest } from './skip-reason.ts'
import { type FileDescription, findWork, type WorkFile } from './work-file.ts'

export type PlanInput = Omit<EvaluateTableInput, 'metadata'> & {
  readonly metadata: TableMetadata
  /** The snapshot `index` was made of. */
  readonly snapshot: Snapshot
  /** How much work, by `PartitionEvaluation.costBytes`, one plan may hold; the partition that crosses it is included. */
  readonly maxCostBytes: number
  /** Chooses what may be rewritten; never what exists: deletes are resolved over all partitions. */
  readonly chooses: (partition: TablePartition) => boolean
  /** Left out of groups, and named. */
  readonly unreadable?: UnreadableFiles
}

/** A planning under way: it asks for the descriptions of files, is given them in the same order, and ends with the plan. */
export type Planning = Generator<readonly FileId[], RewritePlan, readonly FileDescription[]>

/**
 * Plans the optimizing of one table from one snapshot (Amoro's compatibility policy). Pure: the same input gives the
 * same plan, whatever the order of its files; what is not in the index it asks for, and only of files that it may take.
 * A fixed point: what was rewritten is no longer a candidate, so that repeated planning and committing ends.
 */
export function* planRewrite(input: PlanInput): Planning {
  const evaluation = evaluateTable(input)
  const doubled = yield* findDoubledFiles(input.index)
  const chooses = (partition: TablePartition) => !doubled.has(partition.ordinal) && input.chooses(partition)
  const excluded = new ExcludedFiles(input.unreadable ?? new Map())
  const { bins, types } = yield* chooseBins(evaluation, { ...input, chooses }, excluded)
  const useful = withoutUselessConversions(bins, input)
  const groups = useful.flatMap(({ partition, bins: each }) => each.map((bin) => ({ partition, bin })))
  const outputSpecOf = outputSpecs(input.metadata)
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
    groups: groups.map(({ partition, bin }, index) => {
      const moves = bin.kind === 'rewrite' && evaluation.judgements[partition.ordinal] === 'full-move'
      const outputSpecId = moves ? outputSpecOf(partition.specId) : undefined
      return groupOf(bin, index + 1, { partition, outputSpecId }, input)
    }),
    releasedDeletes: releasedDeletes(
      groups.map(({ bin }) => bin),
      input,
    ),
    skipped: skippedPartitions(evaluation.partitions, planned, { doubled, excluded }, input),
  }
}

type PartitionBins = { readonly partition: TablePartition; readonly bins: readonly Bin[] }
type ChosenBins = {
  readonly bins: readonly PartitionBins[]
  /** By key of the partitions looked at. */
  readonly types: ReadonlyMap<string, OptimizingType | undefined>
}

/** Takes due partitions, dearest first, each with those tied to it, until the budget is crossed. */
function* chooseBins(
  table: EvaluatedTable,
  input: PlanInput,
  excluded: ExcludedFiles,
): Generator<readonly FileId[], ChosenBins, readonly FileDescription[]> {
  const tied = tiedPartitions(table.partitions)
  const due = dueFirst(table.partitions, input)
  const described = new Map<number, readonly WorkFile[]>()
  const bins: PartitionBins[] = []
  const types = new Map<string, OptimizingType | undefined>()
  let cost = 0
  for (const [at, first] of due.entries()) {
    if (cost > input.maxCostBytes) break
    for (const { partition, evaluation } of tied(first)) {
      if (types.has(partition.key) || !input.chooses(partition)) continue
      if (!described.has(partition.ordinal)) {
        const next = nextUpTo(input.maxCostBytes - cost, due.slice(at), tied, input)
        yield* describe(table, input, next, { described, excluded })
      }
      types.set(partition.key, evaluation.trigger)
      const judgement = table.judgements[partition.ordinal] ?? 'triggered'
      const packed = packGroups(described.get(partition.ordinal) ?? [], input.policy, judgement)
      bins.push({ partition, bins: packed })
      if (packed.length > 0) cost += evaluation.costBytes
    }
  }
  return { bins, types }
}

/** The partitions that are taken next if all of them have something to gain. */
function nextUpTo(
  budgetBytes: number,
  due: readonly EvaluatedPartition[],
  tied: TiedPartitions,
  input: PlanInput,
): ReadonlySet<EvaluatedPartition> {
  const next = new Set<EvaluatedPartition>()
  let cost = 0
  for (const first of due) {
    if (cost > budgetBytes) break
    for (const each of tied(first)) {
      if (next.has(each) || !input.chooses(each.partition)) continue
      next.add(each)
      cost += each.evaluation.costBytes
    }
  }
  return next
}

function* describe(
  table: EvaluatedTable,
  input: PlanInput,
  partitions: ReadonlySet<EvaluatedPartition>,
  { described, excluded }: { readonly described: Map<number, readonly WorkFile[]>; readonly excluded: ExcludedFiles },
): Generator<readonly FileId[], void, readonly FileDescription[]> {
  const fresh = [...partitions].filter(({ partition }) => !described.has(partition.ordinal))
  const found = findWork(input.index, table, fresh)
  const descriptions = found.length === 0 ? [] : yield found.map(({ id }) => id)
  const files = new Map<number, WorkFile[]>(fresh.map(({ partition }) => [partition.ordinal, []]))
  for (const [at, { partition, ...file }] of found.entries()) {
    const description = descriptions[at]
    if (description === undefined) continue
    const work = { ...file, description }
    if (!excluded.excludes(partition, work)) files.get(partition)?.push(work)
  }
  for (const [ordinal, work] of files) described.set(ordinal, work)
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
  const released = releasedBy(
    chosen.flatMap(({ bins }) => bins),
    input,
  )
  const isReleased = (entry: ManifestEntry) => released.has(entry)
  const isUseful = ({ deletes }: WorkFile) => !deletes.isCompact || deletes.equality.some(isReleased)
  return chosen.map(({ partition, bins }) => ({
    partition,
    bins: bins.flatMap((bin): Bin[] => {
      if (bin.kind === 'rewrite') return [bin]
      const files = bin.files.filter(isUseful)
      return files.length === 0 ? [] : [{ kind: 'convert', files }]
    }),
  }))
}

/** The deletes that nobody needs once the bins are worked on; each with the bins' numbers, from 1. */
function releasedBy(bins: readonly Bin[], { index }: PlanInput): DeleteOwnership {
  const groupOfFile = new Map<FileId, number>()
  for (const [at, bin] of bins.entries()) for (const { id } of bin.files) groupOfFile.set(id, at + 1)
  return releasableDeletes(index, (id) => groupOfFile.get(id))
}

type Place = { readonly partition: TablePartition; readonly outputSpecId: number | undefined }

function groupOf(bin: Bin, groupId: number, { partition, outputSpecId }: Place, input: PlanInput): RewriteGroup {
  const deletes = new DeleteList()
  const inputs = bin.files.map((file) => ({
    ...file.description,
    deletes: deletes.ordinalsOf(file.deletes.effective),
  }))
  return {
    groupId,
    specId: partition.specId,
    partition: partition.partition,
    ...(outputSpecId !== undefined && { outputSpecId }),
    partitionPath: partition.partitionPath,
    method: chooseMethod(bin, inputs, { isSorted: input.metadata.defaultSortOrderId !== 0, outputSpecId }),
    inputs,
    deletes: deletes.inputs,
    targetSizeBytes: input.policy.targetSizeBytes,
  }
}

function releasedDeletes(bins: readonly Bin[], input: PlanInput): readonly ReleasedDelete[] {
  if (bins.length === 0) return []
  return [...releasedBy(bins, input)].map(([entry, groupIds]) => ({ delete: deleteInput(entry), groupIds }))
}

function strongest(types: readonly (OptimizingType | undefined)[]): OptimizingType {
  return types.includes('full') ? 'full' : types.includes('major') ? 'major' : 'minor'
}

function skippedPartitions(
  evaluated: readonly EvaluatedPartition[],
  planned: ReadonlyMap<string, number>,
  { doubled, excluded }: { readonly doubled: DoubledFiles; readonly excluded: ExcludedFiles },
  input: PlanInput,
): readonly SkippedPartition[] {
  return evaluated.flatMap((candidate) => {
    const path = doubled.get(candidate.partition.ordinal)
    if (path !== undefined) return [doubledPartition(candidate.partition, path)]
    const groups = planned.get(candidate.partition.key)
    const left = excluded.of(candidate.partition.ordinal)
    const rest = left === undefined ? [] : [excludedRest(candidate.partition, left)]
    if (groups !== undefined && groups > 0) return [...unreadableRest(candidate), ...rest]
    if (rest.length > 0) return rest
    const status = groups !== undefined ? 'no-groups' : input.chooses(candidate.partition) ? 'not-taken' : 'filtered'
    return [skippedPartition(candidate, status, input)]
  })
}
