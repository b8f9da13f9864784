import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { partitionKey } from '@moraine/iceberg/partition/partition-path'
import { DeleteIndex, type ScanTask } from '@moraine/iceberg/scan/delete-index'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import fc from 'fast-check'
import { deleteStateOf } from '../plan/delete-state.ts'
import { NEVER_OPTIMIZED } from '../plan/evaluate-partition.ts'
import { evaluateTable } from '../plan/evaluate-table.ts'
import { deletesInOrder, type FileIndex, fileId } from '../plan/file-index.ts'
import { parseOptimizingPolicy } from '../plan/optimizing-policy.ts'
import { tableReport } from '../report/table-report.ts'
import { advanceIndex, EMPTY_INDEX } from './advance-index.ts'
import { NotedFiles } from './noted-files.ts'
import { inspectTable, planTable } from './plan-table.ts'
import { describeFiles } from './read-rows.ts'
import type { IndexedTable } from './read-table.ts'
import { evaluateObjects } from './testing/object-evaluation.ts'
import { arbitraryHistory, type Commit, changeOf, emptyTable } from './testing/random-history.ts'

const NOW = 10_000_000 as EpochMs
const POLICY = parseOptimizingPolicy({})
const EVALUATE = { policy: POLICY, requested: 'auto', clocks: () => NEVER_OPTIMIZED, now: NOW } as const

for (const formatVersion of [2, 3] as const) {
  test(`v${formatVersion}: an index that is advanced commit by commit says what the files say as objects`, async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryHistory, async (history) => {
        const io = memoryFileIO()
        const random = seededRandom(1)
        let metadata = emptyTable(formatVersion)
        let index = EMPTY_INDEX
        for (const [at, commit] of history.entries()) {
          metadata = await applyCommit(io, metadata, commit, { random, at })
          const snapshot = must(currentSnapshot(metadata), 'snapshot')
          index = await advanceIndex(io, metadata, snapshot, {
            known: index,
            noted: nothingNoted(),
            boundsFiles: false,
          })
          const noted = new NotedFiles(POLICY.targetSizeBytes / 2)
          const fresh = await advanceIndex(io, metadata, snapshot, {
            known: EMPTY_INDEX,
            noted: noted,
            boundsFiles: false,
          })
          const tasks = await scan(io, metadata)
          const expected = new Set(tasks.map(factsOfTask))
          assert.deepEqual(await factsOfIndex(io, metadata, index, nothingNoted()), expected)
          assert.deepEqual(await factsOfIndex(io, metadata, fresh, noted), expected)
          compareEvaluations(metadata, index, tasks)
          const read = { metadata, metadataLocation: '', snapshot, policy: POLICY }
          await comparePlans(io, [
            { ...read, index, noted: nothingNoted() },
            { ...read, index: fresh, noted },
          ])
        }
      }),
      { numRuns: 40 },
    )
  })
}

async function applyCommit(
  io: FileIO,
  metadata: TableMetadata,
  commit: Commit,
  { random, at }: { readonly random: ReturnType<typeof seededRandom>; readonly at: number },
): Promise<TableMetadata> {
  const snapshot = currentSnapshot(metadata)
  const live = snapshot === undefined ? { data: [], deletes: [] } : await readLiveFiles(io, metadata, snapshot)
  const change = changeOf(commit, live, metadata.formatVersion, `c${at}`)
  const properties = { 'commit.manifest.min-count-to-merge': commit.merges ? '2' : '100' }
  const staged = await stageSnapshot(
    { ...metadata, properties },
    { operation: 'overwrite', ...change, summary: {} },
    { io, clock: systemClock, random, attempt: 1 },
  )
  return applyUpdates(metadata, staged.updates, { now: (metadata.lastUpdatedMs + 1) as EpochMs })
}

async function scan(io: FileIO, metadata: TableMetadata): Promise<readonly ScanTask[]> {
  const { data, deletes } = await readLiveFiles(io, metadata, must(currentSnapshot(metadata), 'snapshot'))
  const specs = new Map(metadata.partitionSpecs.map((spec) => [spec.specId, spec]))
  const index = new DeleteIndex(deletes, specs, () => ({ kind: 'long' }))
  return data.map((entry) => ({ data: entry, deletes: index.deletesFor(entry) }))
}

function factsOfTask({ data, deletes }: ScanTask): string {
  const { file } = data
  const { isCompact } = deleteStateOf(deletes, file.filePath)
  return [
    file.filePath,
    partitionKey(file.specId, file.partition),
    file.fileSizeBytes,
    file.recordCount,
    data.dataSequenceNumber,
    file.firstRowId,
    file.splitOffsets,
    isCompact,
    ...deletes.map((entry) => contentFileKey(entry.file)),
  ].join(' ')
}

async function factsOfIndex(
  io: FileIO,
  metadata: TableMetadata,
  index: FileIndex,
  noted: NotedFiles,
): Promise<ReadonlySet<string>> {
  const facts = new Set<string>()
  for (const [at, { files, deletes }] of index.segments.entries()) {
    const ids = Array.from({ length: files.length }, (_, row) => fileId(at, row))
    const stateOf = deletesInOrder(deletes)
    for (const [row, file] of (await describeFiles(io, metadata, index, ids, noted)).entries()) {
      const { applied, isCompact } = stateOf(row)
      const fact = [
        file.filePath,
        index.partitions.at(must(files.partitions[row], 'partition')).key,
        files.fileSizesBytes[row],
        files.recordCounts[row],
        files.dataSequenceNumbers[row],
        file.firstRowId,
        file.splitOffsets,
        isCompact,
        ...applied.map((entry) => contentFileKey(entry.file)),
      ]
      facts.add(fact.join(' '))
    }
  }
  return facts
}

function compareEvaluations(metadata: TableMetadata, index: FileIndex, tasks: readonly ScanTask[]): void {
  const { partitions } = evaluateTable({ metadata, index, ...EVALUATE })
  const byKey = Map.groupBy(tasks, ({ data }) => partitionKey(data.file.specId, data.file.partition))
  assert.deepEqual(new Set(partitions.map(({ partition }) => partition.key)), new Set(byKey.keys()))
  for (const { partition, evaluation } of partitions) {
    const expected = evaluateObjects(must(byKey.get(partition.key), 'files'), tasks, POLICY)
    const found = Object.fromEntries(
      Object.keys(expected).map((key) => [key, evaluation[key as keyof typeof expected]]),
    )
    assert.deepEqual(found, expected)
  }
  const applied = new Set(tasks.flatMap((task) => task.deletes.map((entry) => contentFileKey(entry.file))))
  assert.equal(tableReport(index, partitions, POLICY).danglingDeletes, index.deletes.length - applied.size)
}

async function comparePlans(io: FileIO, states: readonly IndexedTable[]): Promise<void> {
  const plans = []
  for (const state of states) {
    const plan = must(await planTable(io, state, { type: 'full', now: NOW }), 'plan')
    plans.push({ groups: plan.groups, skipped: new Set(plan.skipped), released: new Set(plan.releasedDeletes) })
    assert.equal(inspectTable(state, { now: NOW }).report.partitions, plan.skipped.length + grouped(plan.groups))
  }
  assert.deepEqual(plans[0], plans[1])
}

function nothingNoted(): NotedFiles {
  return new NotedFiles(0)
}

function grouped(groups: readonly { readonly specId: number; readonly partitionPath: string }[]): number {
  return new Set(groups.map(({ specId, partitionPath }) => `${specId} ${partitionPath}`)).size
}
