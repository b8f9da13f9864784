import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { newTableMetadata } from '@moraine/iceberg/metadata/new-table-metadata'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata, parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import { partitionKey } from '@moraine/iceberg/partition/partition-path'
import { isUnpartitioned } from '@moraine/iceberg/partition/partition-spec'
import { readLiveFiles, readManifestEntries, readManifests } from '@moraine/iceberg/scan/read-manifests'
import type { FilePage, ListedFile } from '@moraine/management/table-work/table-inspection'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { FileIO } from '@moraine/storage/file-io'
import { allFixtureNames, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { allFiles } from '../access/shown-files.ts'
import { icebergInspection } from './iceberg-inspection.ts'

const NAME = { catalog: 'lake', namespace: ['sales'], name: 'orders' }

function inspect(io: FileIO, metadata: TableMetadata, metadataLocation: string) {
  const loaded = { identifier: { namespace: ['sales'], name: 'orders' }, metadata, metadataLocation }
  const files = allFiles(io, { catalog: 'lake', table: loaded.identifier, metadata })
  return icebergInspection(async () => ({ loaded, files, boundsFiles: false }))
}

async function openTable(fixture: string) {
  const { fileIO, metadataLocation } = await openFixture(fixture)
  const reads: string[] = []
  const io: FileIO = {
    ...fileIO,
    read: (location, signal) => {
      reads.push(location)
      return fileIO.read(location, signal)
    },
  }
  const metadata = parseTableMetadata(await fileIO.read(metadataLocation), metadataLocation)
  return { io, metadata, reads, inspection: inspect(io, metadata, metadataLocation) }
}

/** All pages of a list, a few items at a time. */
async function allPages(list: (window: { offset: number; limit: number }) => Promise<FilePage>) {
  const files: ListedFile[] = []
  for (;;) {
    const page = await list({ offset: files.length, limit: 2 })
    files.push(...page.files)
    if (files.length === page.total) return files
    assert.equal(page.files.length, 2)
  }
}

const paths = (files: readonly { readonly path: string }[]) => files.map(({ path }) => path).sort()

for (const fixture of allFixtureNames()) {
  test(`${fixture}: partitions and their files are those of the live entries`, async () => {
    const { io, metadata, inspection } = await openTable(fixture)
    const snapshot = metadata.snapshots.find(({ snapshotId }) => snapshotId === metadata.currentSnapshotId)
    const live = snapshot === undefined ? undefined : await readLiveFiles(io, metadata, snapshot)
    const entries = live === undefined ? [] : [...live.data, ...live.deletes]
    const expected = Map.groupBy(entries, ({ file }) => partitionKey(file.specId, file.partition))
    const { partitions, total } = await inspection.listPartitions(NAME, { offset: 0, limit: 1000 })
    if (metadata.partitionSpecs.every(isUnpartitioned)) {
      assert.equal(total, 0)
      const files = await allPages((window) => inspection.listPartitionFiles(NAME, { partitionPath: '', ...window }))
      assert.deepEqual(paths(files), entries.map(({ file }) => file.filePath).sort())
      return
    }
    assert.deepEqual([partitions.length, total], [expected.size, expected.size])
    assert.deepEqual(
      partitions.map(({ partitionPath }) => partitionPath),
      partitions
        .map(({ partitionPath }) => partitionPath)
        .sort()
        .reverse(),
    )
    const found: string[] = []
    for (const name of new Set(partitions.map(({ partitionPath }) => partitionPath))) {
      const files = await allPages((window) => inspection.listPartitionFiles(NAME, { partitionPath: name, ...window }))
      const listed = partitions.filter(({ partitionPath }) => partitionPath === name)
      assert.deepEqual(
        [files.length, files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)],
        [listed.reduce((sum, each) => sum + each.files, 0), listed.reduce((sum, each) => sum + each.bytes, 0)],
      )
      found.push(...paths(files))
    }
    assert.deepEqual(found.sort(), entries.map(({ file }) => file.filePath).sort())
  })

  test(`${fixture}: a snapshot lists the files that it added, then those that it removed`, async () => {
    const { io, metadata, inspection } = await openTable(fixture)
    for (const snapshot of metadata.snapshots) {
      const { snapshotId } = snapshot
      const entries = (await readManifestEntries(io, metadata, await readManifests(io, metadata, snapshot))).flat()
      const changed = entries.filter((entry) => entry.snapshotId === snapshotId && entry.status !== 'existing')
      const files = await allPages((window) => inspection.listSnapshotFiles(NAME, { snapshotId, ...window }))
      assert.deepEqual(paths(files), changed.map(({ file }) => file.filePath).sort())
      assert.deepEqual(
        files.map(({ change }) => change),
        files.map(({ change }) => change).sort((a, b) => (a === b ? 0 : a === 'added' ? -1 : 1)),
      )
      assert.ok(files.every(({ committedAtMs }) => committedAtMs === snapshot.timestampMs))
    }
  })
}

test('manifests that were counted are not read again, and of a page of files only its own', async () => {
  const { reads, inspection } = await openTable('evolved-spec')
  const manifestReads = () =>
    reads.filter((location) => location.endsWith('.avro') && !location.includes('/snap-')).length
  const [first] = (await inspection.listPartitions(NAME, { offset: 0, limit: 1 })).partitions
  assert.ok(first && manifestReads() > 1)
  reads.length = 0
  await inspection.listPartitions(NAME, { offset: 0, limit: 1 })
  assert.equal(manifestReads(), 0)
  await inspection.listPartitionFiles(NAME, { ...first, offset: 0, limit: 1 })
  assert.equal(manifestReads(), 1)
})

test('partitions are found by a part of their name', async () => {
  const { inspection } = await openTable('sorted')
  const { partitions, total } = await inspection.listPartitions(NAME, { filter: '=eu', offset: 0, limit: 10 })
  assert.deepEqual([partitions.map(({ partitionPath }) => partitionPath), total], [['region=eu'], 1])
})

test('partitions that are asked for by name have files, of whatever spec; others are refused with those that have', async () => {
  const { inspection } = await openTable('evolved-spec')
  const { partitions } = await inspection.listPartitions(NAME, { offset: 0, limit: 1000 })
  const names = partitions.map(({ partitionPath }) => partitionPath)
  assert.ok(new Set(partitions.map(({ specId }) => specId)).size > 1)
  await inspection.checkRequest(NAME, { partitions: names })
  await assert.rejects(
    inspection.checkRequest(NAME, { partitions: [...names, 'color=red'] }),
    /'color=red' has other fields .*=VALUE/,
  )
  const plain = await openTable('all-types')
  await plain.inspection.checkRequest(NAME, { partitions: [''] })
  await assert.rejects(
    plain.inspection.checkRequest(NAME, { partitions: ['a=1'] }),
    /'a=1': the table is not partitioned/,
  )
})

test('a filter that is asked for can be read, and its columns are the table’s', async () => {
  const { inspection } = await openTable('sorted')
  await inspection.checkRequest(NAME, { filter: "region = 'eu'" })
  await assert.rejects(inspection.checkRequest(NAME, { filter: 'region =' }), /filter/)
  await assert.rejects(inspection.checkRequest(NAME, { filter: 'nowhere = 1' }), /filter.*nowhere/)
})

test('refs are listed by kind, main first', async () => {
  const { inspection } = await openTable('branches-and-tags')
  const names = async (type: 'branch' | 'tag') => (await inspection.listRefs(NAME, type)).map(({ name }) => name)
  assert.equal((await names('branch'))[0], 'main')
  const all = [...(await names('branch')), ...(await names('tag'))]
  assert.deepEqual(all.sort(), ['2026-01-01', 'audit', 'first', 'later', 'main', 'we/ird-name é'])
})

test('snapshots are of the table, or of the history of a ref; another ref does not have them', async () => {
  const { inspection, metadata } = await openTable('branches-and-tags')
  const list = (ref?: string) =>
    inspection.listSnapshots(NAME, { operation: 'all', offset: 0, limit: 100, ...(ref !== undefined && { ref }) })
  assert.equal((await list()).total, metadata.snapshots.length)
  const main = new Set((await list('main')).snapshots.map(({ snapshotId }) => snapshotId))
  const other = metadata.snapshots.find(({ snapshotId }) => !main.has(snapshotId))
  assert.ok(other)
  const query = { snapshotId: other.snapshotId, ref: 'main', offset: 0, limit: 1 }
  await assert.rejects(inspection.listSnapshotFiles(NAME, query), /is not in the history of 'main'/)
  await assert.rejects(list('none'), /no branch or tag 'none'/)
  assert.equal(
    (
      await (
        await openTable('empty')
      ).inspection.listSnapshots(NAME, { ref: 'main', operation: 'all', offset: 0, limit: 1 })
    ).total,
    0,
  )
})

const T0 = 1_000 as EpochMs

/** A table in memory that went through the given changes, one commit each. */
async function changedTable(changes: readonly (readonly TableUpdate[])[]) {
  const io = memoryFileIO()
  const location = 's3://lake/orders'
  const schema = {
    schemaId: 0,
    fields: [{ id: 1, name: 'id', required: true, type: { kind: 'int' } as const }],
    identifierFieldIds: [],
  }
  let metadata = newTableMetadata({ schema, location, properties: {}, uuid: crypto.randomUUID(), now: T0 })
  let at = 0
  const save = async () => {
    const file = `${location}/metadata/v${at}.metadata.json`
    await io.write(file, Buffer.from(formatTableMetadata(metadata)))
    return file
  }
  let file = await save()
  for (const updates of changes) {
    at += 1
    metadata = applyUpdates(metadata, updates, { now: later(T0, at), baseLocation: file })
    file = await save()
  }
  return {
    io,
    metadata,
    file,
    inspection: inspect(io, { ...metadata, properties: { ...metadata.properties, 'a.default': '1' } }, file),
  }
}

test('changes of schema and properties are told as statements, newest first, without secrets', async () => {
  const { inspection } = await changedTable([
    [
      {
        action: 'add-schema',
        schema: {
          schemaId: 1,
          identifierFieldIds: [],
          fields: [
            { id: 1, name: 'key', required: false, type: { kind: 'long' }, doc: "it's" },
            {
              id: 2,
              name: 'odd name',
              required: false,
              type: { kind: 'struct', fields: [{ id: 3, name: 'a', required: true, type: { kind: 'string' } }] },
            },
          ],
        },
      },
      { action: 'set-current-schema', schemaId: -1 },
      { action: 'set-properties', updates: { 'custom.prop': '1', 'a.password': 'hidden' } },
    ],
    [
      { action: 'remove-properties', removals: ['custom.prop'] },
      { action: 'set-properties', updates: { 'write.target-file-size-bytes': '5' } },
    ],
    [{ action: 'set-current-schema', schemaId: 0 }],
  ])
  const page = await inspection.listOperations(NAME, { offset: 0, limit: 20 })
  assert.deepEqual(
    page.operations.map(({ at, statement }) => `${at} ${statement}`),
    [
      "1003 ALTER TABLE orders ALTER COLUMN id COMMENT ''",
      '1003 ALTER TABLE orders ALTER COLUMN id SET NOT NULL',
      '1003 ALTER TABLE orders ALTER COLUMN id TYPE int',
      '1003 ALTER TABLE orders RENAME COLUMN key TO id',
      '1003 ALTER TABLE orders DROP COLUMN `odd name`',
      "1002 ALTER TABLE orders UNSET TBLPROPERTIES ('custom.prop')",
      "1002 ALTER TABLE orders SET TBLPROPERTIES ('write.target-file-size-bytes' = '5')",
      "1001 ALTER TABLE orders SET TBLPROPERTIES ('custom.prop' = '1')",
      '1001 ALTER TABLE orders ADD COLUMNS (`odd name` struct<a: string>)',
      "1001 ALTER TABLE orders ALTER COLUMN key COMMENT 'it\\'s'",
      '1001 ALTER TABLE orders ALTER COLUMN key DROP NOT NULL',
      '1001 ALTER TABLE orders ALTER COLUMN key TYPE long',
      '1001 ALTER TABLE orders RENAME COLUMN id TO key',
    ],
  )
  assert.equal(page.total, 13)
  const second = await inspection.listOperations(NAME, { offset: 12, limit: 5 })
  assert.deepEqual(second.operations, page.operations.slice(12))
})

test('metadata files that were deleted end the history of changes, and are no failure', async () => {
  const set = (value: string): readonly TableUpdate[] => [{ action: 'set-properties', updates: { a: value } }]
  const { inspection, io } = await changedTable([set('1'), set('2'), set('3')])
  await io.remove(['s3://lake/orders/metadata/v0.metadata.json', 's3://lake/orders/metadata/v1.metadata.json'])
  const { operations } = await inspection.listOperations(NAME, { offset: 0, limit: 20 })
  assert.deepEqual(operations, [{ at: 1003, statement: "ALTER TABLE orders SET TBLPROPERTIES ('a' = '3')" }])
})

test('each partition has the verdict of the triggers, those that are due first', async () => {
  const { inspection } = await openTable('all-transforms')
  const query = { clocks: new Map(), now: 1_800_000_000_000 as EpochMs, limit: 1000 }
  const { partitions, total } = await inspection.explainPartitions(NAME, query)
  assert.ok(total > 1 && partitions.length === total)
  const due = partitions.map((each) => each.due !== undefined)
  assert.deepEqual(
    due,
    due.toSorted((a, b) => Number(b) - Number(a)),
  )
  for (const { finding } of partitions) assert.match(finding.text, /fragments/)
  const { partitionPath } = partitions[1] ?? { partitionPath: '' }
  const one = await inspection.explainPartitions(NAME, { ...query, partitionPath })
  assert.deepEqual(one.partitions, [partitions[1]])
  assert.deepEqual((await inspection.explainPartitions(NAME, { ...query, limit: 1 })).partitions, [partitions[0]])
})
