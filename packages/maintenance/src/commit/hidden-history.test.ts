import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogTables, CommitOutcome, LoadedTable } from '@moraine/catalogs/catalog'
import { stageSnapshot } from '@moraine/iceberg/commit/stage-snapshot'
import type { ContentFile } from '@moraine/iceberg/manifest/content-file'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata, parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryCatalogTables } from '@moraine/testkit/memory-catalog-tables'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { planTable } from '../table/plan-table.ts'
import { readTable } from '../table/read-table.ts'
import { commitRewrite } from './commit-rewrite.ts'
import { commitStaged } from './commit-staged.ts'
import { historySince } from './history-since.ts'
import { attemptOutput, reportedRewrite } from './testing/reported-rewrite.ts'

// A catalog like Nessie: of each table it shows the current snapshot alone, without its parent, and each commit leaves a
// metadata file that is like that.

const IDENTIFIER = { namespace: ['db'], name: 't' }
const UNKNOWN: CommitOutcome = { kind: 'unknown', cause: new Error('no answer') }

/** How the catalog's answer to the next commit is lost: it was made, or it was not. */
type Loss = 'made' | 'refused although made' | 'refused'

async function setUp({ leavesMetadata = true } = {}) {
  const { fileIO: io, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), '/copy')
  const whole = memoryCatalogTables(parseTableMetadata(await io.read(metadataLocation), metadataLocation))
  const context = { clock: virtualClock(), random: seededRandom(5), io }
  let loss: Loss | undefined
  let overtake: (() => Promise<void>) | undefined
  let versions = 0
  const show = async (): Promise<LoadedTable> => {
    const metadata = narrowed(whole.current())
    return { identifier: IDENTIFIER, metadata, metadataLocation: `/copy/nessie/${versions}.metadata.json` }
  }
  const leave = async () => {
    versions += 1
    const { metadata, metadataLocation: location } = await show()
    if (leavesMetadata) await io.write(location, Buffer.from(formatTableMetadata(metadata)))
  }
  await leave()
  const store: CatalogTables = {
    loadTable: show,
    findMetadataLocation: async () => (await show()).metadataLocation,
    async commitTable(identifier, commit, signal) {
      const lost = loss
      loss = undefined
      const outcome: CommitOutcome =
        lost === 'refused'
          ? { kind: 'conflict', reason: 'somebody was first' }
          : await whole.commitTable(identifier, commit, signal)
      if (outcome.kind === 'committed') await leave()
      const others = overtake
      overtake = undefined
      await others?.()
      if (lost === 'refused although made') return { kind: 'conflict', reason: 'the echo' }
      if (lost === 'made') return UNKNOWN
      return outcome.kind === 'committed' ? { kind: 'committed', table: await show() } : outcome
    },
  }
  const state = await readTable(io, await show())
  const plan = must(await planTable(io, state, { type: 'full', now: 1e13 as EpochMs }), 'a plan')
  const results = await Promise.all(
    plan.groups.map((group) => reportedRewrite(io, group, attemptOutput(group, '/copy/data/'))),
  )
  const stageOther = async (path: string, removed: readonly ContentFile[] = []) => {
    const { metadata } = await show()
    const group = must(plan.groups[0], 'a group')
    const { fileFormat, specId, partition } = { fileFormat: 'parquet' as const, ...group }
    const file = { content: 'data', filePath: path, fileFormat, specId, partition } as const
    const added = [{ file: { ...file, recordCount: 1, fileSizeBytes: 1, metrics: () => EMPTY_METRICS } }]
    return stageSnapshot(metadata, { operation: 'append', added, removed, summary: {} }, { ...context, attempt: 1 })
  }
  return {
    io,
    show,
    plan,
    whole,
    stageOther,
    /** The next answer is this one, and others commit before anybody looks. */
    lose: (next: Loss, then?: () => Promise<void>) => {
      loss = next
      overtake = then
    },
    results,
    commit: (processId = 'p1', reported = results) =>
      commitRewrite({ identifier: IDENTIFIER, plan, results: reported, processId }, { tables: store, ...context }),
    commitStaged: (staged: Awaited<ReturnType<typeof stageOther>>) =>
      commitStaged(IDENTIFIER, staged, { tables: store, io }),
    async live() {
      const metadata = whole.current()
      const { data } = await readLiveFiles(io, metadata, must(currentSnapshot(metadata), 'a snapshot'))
      return data.map(({ file }) => file)
    },
  }
}

function narrowed(metadata: TableMetadata): TableMetadata {
  const { parentSnapshotId: _, ...current } = must(currentSnapshot(metadata), 'a snapshot')
  const snapshotLog = metadata.snapshotLog.filter(({ snapshotId }) => snapshotId === current.snapshotId)
  const refs = Object.entries(metadata.refs).filter(([, ref]) => ref.snapshotId === current.snapshotId)
  return { ...metadata, snapshots: [current], snapshotLog, metadataLog: [], refs: Object.fromEntries(refs) }
}

test('an unknown commit with others on top is found by its mark in the metadata file it left', async () => {
  const table = await setUp()
  table.lose('made')
  const first = await table.commit()
  assert.equal(first.kind, 'committed', 'it is the current snapshot')
  const groupIds = table.plan.groups.map(({ groupId }) => groupId)
  for (const path of ['/copy/data/a.parquet', '/copy/data/b.parquet']) {
    await table.commitStaged(await table.stageOther(path))
    const again = await table.commit()
    assert.ok(again.kind === 'committed' && first.kind === 'committed')
    assert.deepEqual([again.snapshotId, again.groupIds, again.left], [first.snapshotId, groupIds, []])
  }
  // Also when nothing of it is live any more.
  await table.commitStaged(await table.stageOther('/copy/data/c.parquet', await table.live()))
  assert.equal((await table.commit()).kind, 'committed')
})

test('without that file it is found by its outputs, as far as they are live', async () => {
  const table = await setUp({ leavesMetadata: false })
  table.lose('made')
  const first = await table.commit()
  await table.commitStaged(await table.stageOther('/copy/data/a.parquet'))
  const again = await table.commit()
  assert.ok(again.kind === 'committed' && first.kind === 'committed')
  assert.deepEqual([again.snapshotId, again.groupIds], [first.snapshotId, first.groupIds])
  await table.commitStaged(await table.stageOther('/copy/data/b.parquet', await table.live()))
  const late = await table.commit()
  assert.ok(late.kind === 'nothing')
  assert.match(late.left[0]?.reason ?? '', /does not show whether the work was committed before/)
})

test('a report that names files which others put in does not pass for one that was committed', async () => {
  const table = await setUp({ leavesMetadata: false })
  await table.commitStaged(await table.stageOther('/copy/data/a.parquet'))
  await table.commitStaged(await table.stageOther('/copy/data/b.parquet'))
  const forged = table.results.map(({ result, output }) => ({
    output,
    result: { ...result, dataFiles: result.dataFiles.map((file) => ({ ...file, filePath: '/copy/data/a.parquet' })) },
  }))
  const outcome = await table.commit('p1', forged)
  assert.ok(outcome.kind === 'nothing')
  assert.match(outcome.left[0]?.reason ?? '', /is not a file of this attempt/)
})

test('a commit that never landed is a conflict, and not taken for one that is hidden', async () => {
  const table = await setUp()
  await table.commitStaged(await table.stageOther('/copy/data/a.parquet'))
  const outcome = await table.commit()
  assert.ok(outcome.kind === 'nothing')
  assert.match(outcome.left[0]?.reason ?? '', /no longer part of the table's history$/)
})

test('what was staged stays after a refusal that may be an echo, and goes after one that is none', async () => {
  for (const [leavesMetadata, loss, others, kind] of [
    [true, 'refused although made', 2, 'committed'],
    [true, 'refused', 2, 'refused'],
    [false, 'refused although made', 2, 'committed'],
    [false, 'refused', 1, 'refused'], // the snapshot that is shown has its number
    [false, 'refused', 2, 'unknown'],
  ] as const) {
    const table = await setUp({ leavesMetadata })
    const staged = await table.stageOther('/copy/data/a.parquet')
    table.lose(loss, async () => {
      for (let at = 0; at < others; at += 1) {
        await table.commitStaged(await table.stageOther(`/copy/data/other-${at}.parquet`))
      }
    })
    const outcome = await table.commitStaged(staged)
    assert.equal(outcome.kind, kind)
    const [manifest = ''] = staged.writtenFiles
    assert.equal((await table.io.stat(manifest)) === undefined, kind === 'refused')
    const paths = (await table.live()).map(({ filePath }) => filePath)
    assert.equal(paths.includes('/copy/data/a.parquet'), loss === 'refused although made')
  }
})

test('of two snapshots with one number neither is taken for the one that was committed', async () => {
  const table = await setUp()
  const { metadata } = await table.show()
  const start = { sequenceNumber: metadata.lastSequenceNumber }
  assert.equal((await historySince(start, await table.show(), table.io)).isComplete, true)
  await table.commitStaged(await table.stageOther('/copy/data/a.parquet'))
  await table.commitStaged(await table.stageOther('/copy/data/b.parquet'))
  const history = await historySince(start, await table.show(), table.io)
  assert.deepEqual([history.snapshots.length, history.isComplete], [2, true])
  const [hidden] = history.snapshots.filter(({ sequenceNumber }) => sequenceNumber === start.sequenceNumber + 1)
  const loser = { ...must(hidden, 'a hidden snapshot'), snapshotId: 4711n as never }
  const left = {
    ...metadata,
    snapshots: [loser],
    currentSnapshotId: loser.snapshotId,
    lastSequenceNumber: loser.sequenceNumber,
  }
  const text = formatTableMetadata({ ...left, refs: {}, snapshotLog: [] })
  await table.io.write('/copy/nessie/loser.metadata.json', Buffer.from(text))
  const unclear = await historySince(start, await table.show(), table.io)
  assert.deepEqual([unclear.snapshots.length, unclear.isComplete], [1, false])
})
