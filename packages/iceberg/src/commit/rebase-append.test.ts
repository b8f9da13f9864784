import assert from 'node:assert/strict'
import { test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { applyUpdates } from '../metadata/apply-updates.ts'
import { checkRequirements } from '../metadata/check-requirements.ts'
import { currentSnapshot } from '../metadata/snapshot-history.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { parseTableMetadata } from '../metadata/table-metadata-json.ts'
import { readLiveFiles } from '../scan/read-manifests.ts'
import { rebaseAppend } from './rebase-append.ts'
import type { SnapshotChange } from './snapshot-change.ts'
import { stageSnapshot } from './stage-snapshot.ts'
import type { StagedCommit } from './staged-commit.ts'

const FIXTURES = ['v1-copy-on-write', 'v2-position-deletes', 'v3-deletion-vectors'] as const

async function open(name: string) {
  const { fileIO: io, metadataLocation } = await copyFixture(name, memoryFileIO(), '/copy')
  const read = parseTableMetadata(await io.read(metadataLocation), metadataLocation)
  const metadata = { ...read, properties: { ...read.properties, 'commit.rebase-appends.enabled': 'true' } }
  const random = seededRandom(3)
  const live = async (table: TableMetadata) =>
    readLiveFiles(io, table, must(currentSnapshot(table), 'current snapshot'))
  const like = must((await live(metadata)).data[0], 'data file').file
  const stage = (from: TableMetadata, change: Partial<SnapshotChange>) =>
    stageSnapshot(
      from,
      { operation: 'append', added: [], removed: [], summary: {}, ...change },
      { io, clock: systemClock, random, attempt: 1 },
    )
  const append = (from: TableMetadata, path: string, recordCount = 5) => {
    const { specId, partition } = like
    const file = manifestEntry(1, { filePath: path, specId, partition, recordCount, fileSizeBytes: 50 }).file
    return stage(from, { added: [{ file }] })
  }
  const apply = (to: TableMetadata, { requirements, updates }: Pick<StagedCommit, 'requirements' | 'updates'>) => {
    assert.equal(checkRequirements(to, requirements).kind, 'met')
    return applyUpdates(to, updates, { now: systemClock.now() })
  }
  const rebase = (onto: TableMetadata, commit: Pick<StagedCommit, 'requirements' | 'updates'>) =>
    rebaseAppend(onto, commit, { io, random })
  return { metadata, like, live, stage, append, apply, rebase }
}

for (const name of FIXTURES) {
  test(`${name}: appends from one state are made one after another, each file once`, async () => {
    const { metadata, live, append, apply, rebase } = await open(name)
    const before = await live(metadata)
    const staged = await Promise.all([1, 2, 3].map((at) => append(metadata, `/new-${at}.parquet`, 5 * at)))
    let table = apply(metadata, must(staged[0], 'append'))
    for (const commit of staged.slice(1)) {
      assert.equal(checkRequirements(table, commit.requirements).kind, 'violated')
      table = apply(table, must(await rebase(table, commit), 'rebased append'))
    }
    const after = await live(table)
    const paths = (entries: typeof after.data) => entries.map(({ file }) => file.filePath).sort()
    const added = ['/new-1.parquet', '/new-2.parquet', '/new-3.parquet']
    assert.deepEqual(paths(after.data), [...paths(before.data), ...added].sort())
    assert.deepEqual(paths(after.deletes), paths(before.deletes))
    const chain = table.snapshots.slice(-3)
    assert.deepEqual(
      chain.map(({ parentSnapshotId }) => parentSnapshotId),
      [metadata.currentSnapshotId, chain[0]?.snapshotId, chain[1]?.snapshotId],
    )
    const files = after.data.filter(({ file }) => added.includes(file.filePath))
    for (const { file, snapshotId, dataSequenceNumber } of files) {
      const at = added.indexOf(file.filePath)
      assert.deepEqual([snapshotId, dataSequenceNumber], [chain[at]?.snapshotId, chain[at]?.sequenceNumber])
      if (table.formatVersion >= 3) assert.equal(file.firstRowId, chain[at]?.firstRowId)
    }
    const records = after.data.reduce((sum, { file }) => sum + file.recordCount, 0)
    assert.equal(chain.at(-1)?.summary['total-records'], String(records))
    assert.equal(chain.at(-1)?.summary['total-data-files'], String(after.data.length))
    assert.deepEqual(
      chain.map(({ summary }) => summary['added-records']),
      ['5', '10', '15'],
    )
  })
}

test('an append whose writer merged manifests is rebased as long as those are in the table', async () => {
  const { metadata, live, like, append, stage, apply, rebase } = await open('v2-position-deletes')
  const merging = { ...metadata, properties: { ...metadata.properties, 'commit.manifest.min-count-to-merge': '2' } }
  const merged = await append(merging, '/merged.parquet')
  const beside = apply(metadata, await append(metadata, '/beside.parquet'))
  const table = apply(beside, must(await rebase(beside, merged), 'rebased append'))
  const expected = [...(await live(beside)).data.map(({ file }) => file.filePath), '/merged.parquet']
  const after = await live(table)
  assert.deepEqual(after.data.map(({ file }) => file.filePath).sort(), expected.sort())
  const known = new Map((await live(beside)).data.map((entry) => [entry.file.filePath, entry.dataSequenceNumber]))
  for (const { file, dataSequenceNumber } of after.data) {
    assert.equal(dataSequenceNumber, known.get(file.filePath) ?? table.lastSequenceNumber)
  }

  const without = apply(metadata, await stage(metadata, { operation: 'delete', removed: [like] }))
  assert.equal(await rebase(without, merged), undefined)
})

test('an append is rebased only where the table asks for it', async () => {
  const { metadata, append, apply, rebase } = await open('v2-position-deletes')
  const staged = await append(metadata, '/new.parquet')
  const table = apply(metadata, await append(metadata, '/beside.parquet'))
  assert.ok((await rebase(table, staged)) !== undefined)
  for (const value of [undefined, 'false', '']) {
    const { 'commit.rebase-appends.enabled': _, ...properties } = table.properties
    const asked = { ...properties, ...(value !== undefined && { 'commit.rebase-appends.enabled': value }) }
    assert.equal(await rebase({ ...table, properties: asked }, staged), undefined)
  }
})

test('an append whose parent has expired is not rebased: nobody can tell any more what its writer merged', async () => {
  const { metadata, append, apply, rebase } = await open('v2-position-deletes')
  const merging = { ...metadata, properties: { ...metadata.properties, 'commit.manifest.min-count-to-merge': '2' } }
  const merged = await append(merging, '/merged.parquet')
  const table = apply(metadata, await append(metadata, '/beside.parquet'))
  const others = table.snapshots.filter(({ snapshotId }) => snapshotId !== table.currentSnapshotId)
  const snapshotIds = others.map(({ snapshotId }) => snapshotId)
  const expired = applyUpdates(table, [{ action: 'remove-snapshots', snapshotIds }], { now: systemClock.now() })
  assert.equal(expired.snapshots.length, 1)
  assert.equal(await rebase(expired, merged), undefined)
})

test('the branch keeps the settings that it has when the append is rebased', async () => {
  const { metadata, append, apply, rebase } = await open('v2-position-deletes')
  const staged = await append(metadata, '/new.parquet')
  const beside = apply(metadata, await append(metadata, '/beside.parquet'))
  const ref = { type: 'branch', snapshotId: must(beside.currentSnapshotId, 'id'), minSnapshotsToKeep: 7 } as const
  const table = applyUpdates(beside, [{ action: 'set-snapshot-ref', refName: 'main', ref }], { now: systemClock.now() })
  const rebased = apply(table, must(await rebase(table, staged), 'rebased append'))
  assert.equal(rebased.refs['main']?.minSnapshotsToKeep, 7)
})

test('what is no append, or rests on what is gone, is not rebased', async () => {
  const { metadata, like, append, stage, apply, rebase } = await open('v2-position-deletes')
  const staged = await append(metadata, '/new.parquet')
  const table = apply(metadata, await append(metadata, '/beside.parquet'))
  assert.equal(await rebase(table, await stage(metadata, { operation: 'delete', removed: [like] })), undefined)
  const [uuid, branch] = staged.requirements
  assert.equal(await rebase(table, { ...staged, requirements: [] }), undefined)
  const other = { type: 'assert-table-uuid', uuid: 'another' } as const
  assert.equal(await rebase(table, { ...staged, requirements: [other, must(branch, 'requirement')] }), undefined)
  const property = { action: 'set-properties', updates: {} } as const
  assert.equal(await rebase(table, { ...staged, updates: [...staged.updates, property] }), undefined)
  assert.equal(uuid?.type, 'assert-table-uuid')
  const again = apply(table, must(await rebase(table, staged), 'rebased append'))
  assert.equal(await rebase(again, staged), undefined)
  // Rolled back to before the parent, which is no ancestor then.
  const first = must(metadata.snapshots[0], 'snapshot')
  const ref = { snapshotId: first.snapshotId, type: 'branch' } as const
  const back = applyUpdates(table, [{ action: 'set-snapshot-ref', refName: 'main', ref }], { now: systemClock.now() })
  assert.equal(await rebase(back, staged), undefined)
})
