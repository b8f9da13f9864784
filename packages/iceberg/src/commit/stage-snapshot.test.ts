import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openContainer } from '@moraine/avro/container-reader'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { manifestEntry } from '@moraine/testkit/builders/manifest-entry'
import { copyFixture, fixtureNames } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { ContentFile } from '../manifest/content-file.ts'
import { applyUpdates } from '../metadata/apply-updates.ts'
import { currentSnapshot } from '../metadata/snapshot-history.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { parseTableMetadata } from '../metadata/table-metadata-json.ts'
import { readLiveFiles } from '../scan/read-manifests.ts'
import type { SnapshotChange } from './snapshot-change.ts'
import { stageSnapshot } from './stage-snapshot.ts'

async function open(name: string) {
  const { fileIO, metadataLocation } = await copyFixture(name, memoryFileIO(), '/copy')
  const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
  const live = (snapshot = must(currentSnapshot(metadata), 'current snapshot')) =>
    readLiveFiles(fileIO, metadata, snapshot)
  const stage = (change: Partial<SnapshotChange>, from: TableMetadata = metadata) =>
    stageSnapshot(
      from,
      { operation: 'replace', added: [], removed: [], summary: {}, ...change },
      { io: fileIO, clock: systemClock, random: seededRandom(7), attempt: 1 },
    )
  return { fileIO, metadata, live, stage }
}

const paths = (entries: readonly { readonly file: ContentFile }[]) => entries.map((entry) => entry.file.filePath).sort()

for (const name of fixtureNames()) {
  test(`${name}: removing and adding a file leaves all others as they were`, async () => {
    const { metadata, live, stage } = await open(name)
    const before = await live()
    const removed = must(before.data[0], 'data file')
    const like = removed.file
    const added = manifestEntry(1, {
      filePath: '/new.parquet',
      specId: like.specId,
      partition: like.partition,
      recordCount: 5,
      fileSizeBytes: 50,
    }).file
    const staged = await stage({ added: [{ file: added, dataSequenceNumber: 1 }], removed: [like] })
    const after = await live(staged.snapshot)
    assert.deepEqual(
      paths(after.data),
      [...paths(before.data).filter((path) => path !== like.filePath), '/new.parquet'].sort(),
    )
    assert.deepEqual(paths(after.deletes), paths(before.deletes))
    const keep = (entry: (typeof after.data)[number]) => [
      entry.file.filePath,
      entry.dataSequenceNumber,
      entry.fileSequenceNumber,
      entry.snapshotId,
      entry.file.firstRowId,
    ]
    const rest = (entries: typeof after.data) =>
      entries.filter((entry) => !['/new.parquet', like.filePath].includes(entry.file.filePath)).map(keep)
    assert.deepEqual(new Set(rest(after.data)), new Set(rest(before.data)))
    const fresh = must(
      after.data.find((entry) => entry.file.filePath === '/new.parquet'),
      'new file',
    )
    assert.deepEqual(
      [fresh.dataSequenceNumber, fresh.fileSequenceNumber],
      metadata.formatVersion === 1 ? [0, 0] : [1, metadata.lastSequenceNumber + 1],
    )
    assert.equal(staged.snapshot.summary['total-data-files'], currentSnapshot(metadata)?.summary['total-data-files'])
    assert.equal(staged.snapshot.summary['added-records'], '5')
  })
}

test('a file that is no longer live is a conflict, and nothing is left behind', async () => {
  const { fileIO, live, stage } = await open('v2-position-deletes')
  const { data } = await live()
  const before = await locations(fileIO)
  const gone = { ...must(data[0], 'file').file, filePath: '/gone.parquet' }
  await assert.rejects(stage({ removed: [gone] }), /\/gone.parquet is not in the current snapshot/)
  assert.deepEqual(await locations(fileIO), before)
})

test('of a data file listed twice neither listing is removed; of a delete file both', async () => {
  const { fileIO, metadata, live, stage } = await open('v2-position-deletes')
  const { data, deletes } = await live()
  const withTwo = async (file: ContentFile) => {
    const { updates } = await stage({ operation: 'append', added: [{ file }, { file }] })
    return applyUpdates(metadata, updates, { now: systemClock.now() })
  }
  const dataFile = { ...must(data[0], 'data file').file, filePath: '/two.parquet' }
  const doubled = await withTwo(dataFile)
  const before = await locations(fileIO)
  await assert.rejects(stage({ removed: [dataFile] }, doubled), /two.parquet is listed more than once/)
  assert.deepEqual(await locations(fileIO), before)
  const deleteFile = { ...must(deletes[0], 'delete file').file, filePath: '/two-deletes.parquet' }
  const staged = await stage({ removed: [deleteFile] }, await withTwo(deleteFile))
  const after = await live(staged.snapshot)
  assert.deepEqual(paths(after.deletes), paths(deletes))
  assert.deepEqual(paths(after.data), paths(data))
})

test('a failure while writing removes what was written', async () => {
  const { fileIO, metadata, live } = await open('v2-position-deletes')
  const { data } = await live()
  const file = must(data[0], 'file').file
  const before = await locations(fileIO)
  const failing = {
    ...fileIO,
    write: async (location: string, ...rest: [Uint8Array]) => {
      const outcome = await fileIO.write(location, ...rest)
      if (location.includes('/snap-')) throw new Error('disk full')
      return outcome
    },
  }
  const context = {
    io: { ...failing, read: fileIO.read.bind(fileIO), remove: fileIO.remove.bind(fileIO) } as typeof fileIO,
    clock: systemClock,
    random: seededRandom(1),
    attempt: 1,
  }
  await assert.rejects(
    stageSnapshot(metadata, { operation: 'delete', added: [], removed: [file], summary: {} }, context),
    /disk full/,
  )
  assert.deepEqual(await locations(fileIO), before)
})

test('many small manifests are merged, and nothing changes but their number', async () => {
  const { metadata, live, stage } = await open('v2-position-deletes')
  const merging = { ...metadata, properties: { ...metadata.properties, 'commit.manifest.min-count-to-merge': '2' } }
  const before = await live()
  const staged = await stage({ operation: 'append' }, merging)
  const after = await live(staged.snapshot)
  const facts = (entries: typeof before.data) =>
    new Set(entries.map((entry) => `${entry.file.filePath} ${entry.dataSequenceNumber} ${entry.snapshotId}`))
  assert.deepEqual([facts(after.data), facts(after.deletes)], [facts(before.data), facts(before.deletes)])
  assert.equal(staged.writtenFiles.length, 3) // one data manifest, one delete manifest, the list
})

test('manifests are compressed as the table wants them', async () => {
  const { fileIO, metadata, live, stage } = await open('v2-position-deletes')
  const like = must((await live()).data[0], 'file').file
  const properties = { ...metadata.properties, 'write.manifest.compression-codec': 'zstd' }
  const added = [{ file: { ...like, filePath: '/new.parquet' } }]
  const staged = await stage({ operation: 'append', added }, { ...metadata, properties })
  const manifest = must(staged.writtenFiles[0], 'manifest')
  assert.equal(openContainer(await fileIO.read(manifest), manifest).codec, 'zstandard')
})

test('v3: row ids go on from the table, and new files get them', async () => {
  const { metadata, live, stage } = await open('v3-deletion-vectors')
  const { data } = await live()
  const like = must(data[0], 'file').file
  const added = manifestEntry(1, {
    filePath: '/new.parquet',
    specId: like.specId,
    partition: like.partition,
    recordCount: 5,
  }).file
  const staged = await stage({ operation: 'append', added: [{ file: added }] })
  assert.deepEqual([staged.snapshot.firstRowId, staged.snapshot.addedRows], [metadata.nextRowId, 5n])
  const after = await live(staged.snapshot)
  assert.equal(after.data.find((entry) => entry.file.filePath === '/new.parquet')?.file.firstRowId, metadata.nextRowId)
})

async function locations(io: {
  list(prefix: string): AsyncIterable<{ location: string }>
}): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { location } of io.list('/')) found.push(location)
  return found.sort()
}
