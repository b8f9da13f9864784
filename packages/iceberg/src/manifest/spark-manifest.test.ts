import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openContainer } from '@moraine/avro/container-reader'
import { type FixtureTable, fixtureNames, openFixture } from '@moraine/testkit/fixtures/fixture-table'
import type { Snapshot } from '../metadata/snapshot.ts'
import type { TableMetadata } from '../metadata/table-metadata.ts'
import { parseTableMetadata } from '../metadata/table-metadata-json.ts'
import { tablePartitionFieldTypes } from '../partition/partition-type.ts'
import { loadDeletionVector } from '../puffin/load-deletion-vector.ts'
import { loadPuffinFooter } from '../puffin/puffin-reader.ts'
import { isDeletionVector } from './content-file.ts'
import { entrySchemaText } from './entry-schema.ts'
import { listSchemaText } from './list-schema.ts'
import type { ManifestEntry } from './manifest-entry.ts'
import type { ManifestFile } from './manifest-file.ts'
import { readManifestList } from './manifest-list-reader.ts'
import { type ManifestContext, openManifest } from './manifest-reader.ts'
import { ManifestWriter } from './manifest-writer.ts'
import { assignSequenceNumber } from './staged-manifest.ts'

// Tables that Spark wrote, with the files that Iceberg's Java library lists (packages/testkit/fixtures/README.md).

type OpenTable = { readonly table: FixtureTable; readonly metadata: TableMetadata }

async function open(name: string): Promise<OpenTable> {
  const table = await openFixture(name)
  const bytes = await table.fileIO.read(table.metadataLocation)
  return { table, metadata: parseTableMetadata(bytes, table.metadataLocation) }
}

function listLocation(snapshot: Snapshot | undefined): string {
  assert.ok(snapshot?.manifests.kind === 'list')
  return snapshot.manifests.location
}

function contextOf(metadata: TableMetadata, manifest: ManifestFile): ManifestContext {
  const spec = metadata.partitionSpecs.find((candidate) => candidate.specId === manifest.partitionSpecId)
  assert.ok(spec)
  return { spec, partitionTypes: tablePartitionFieldTypes(spec, metadata) }
}

async function manifestsOf({ table, metadata }: OpenTable): Promise<readonly ManifestFile[]> {
  const current = metadata.snapshots.find((snapshot) => snapshot.snapshotId === metadata.currentSnapshotId)
  const location = listLocation(current)
  return readManifestList(await table.fileIO.read(location), location).manifests
}

async function liveEntries(opened: OpenTable): Promise<readonly ManifestEntry[]> {
  const entries: ManifestEntry[] = []
  for (const manifest of await manifestsOf(opened)) {
    const bytes = await opened.table.fileIO.read(manifest.manifestPath)
    for (const entry of openManifest(bytes, manifest, contextOf(opened.metadata, manifest)).entries()) {
      if (entry.status !== 'deleted') entries.push(entry)
    }
  }
  return entries
}

/** The entry as `expected.json` describes it. */
function described({ dataSequenceNumber, fileSequenceNumber, file }: ManifestEntry, location: string): object {
  const relative = (path: string) => path.replace(`file:${location}/`, '').replace(`${location}/`, '')
  return {
    path: relative(file.filePath),
    content: file.content,
    format: file.fileFormat,
    specId: file.specId,
    recordCount: file.recordCount,
    sizeBytes: file.fileSizeBytes,
    dataSequenceNumber,
    fileSequenceNumber,
    ...(file.firstRowId !== undefined && { firstRowId: file.firstRowId }),
    ...(file.referencedDataFile !== undefined && { referencedDataFile: relative(file.referencedDataFile) }),
    ...(file.contentOffset !== undefined && { contentOffset: file.contentOffset }),
    ...(file.contentSizeBytes !== undefined && { contentSizeBytes: file.contentSizeBytes }),
    ...(file.equalityIds !== undefined && { equalityIds: file.equalityIds }),
  }
}

function byPlace(a: object, b: object): number {
  const place = (file: { path?: string; contentOffset?: number }) => `${file.path}#${file.contentOffset ?? 0}`
  return place(a) < place(b) ? -1 : 1
}

for (const name of fixtureNames()) {
  test(`${name}: live files with all that they inherit`, async () => {
    const opened = await open(name)
    const { location, expected } = opened.table
    const found = (await liveEntries(opened)).map((entry) => described(entry, location))
    assert.deepEqual(found.sort(byPlace), [...expected.liveFiles].sort(byPlace))
  })

  test(`${name}: our schemas are those that Spark wrote with, descriptions apart`, async () => {
    const opened = await open(name)
    const { table, metadata } = opened
    for (const manifest of await manifestsOf(opened)) {
      const { schemaText, metadata: header } = openContainer(await table.fileIO.read(manifest.manifestPath), 'm.avro')
      // A manifest of an upgraded table may be older than the table's format.
      if (Buffer.from(header.get('format-version') ?? '').toString() !== String(metadata.formatVersion)) continue
      const { spec, partitionTypes } = contextOf(metadata, manifest)
      assert.deepEqual(
        JSON.parse(entrySchemaText(metadata.formatVersion, spec, partitionTypes)),
        withoutDescriptions(schemaText),
        manifest.manifestPath,
      )
    }
    const current = metadata.snapshots.at(-1)
    const { schemaText } = openContainer(await table.fileIO.read(listLocation(current)), 'list.avro')
    assert.deepEqual(JSON.parse(listSchemaText(metadata.formatVersion)), withoutDescriptions(schemaText))
  })

  test(`${name}: live entries copied into our manifests are the same`, async () => {
    const opened = await open(name)
    const { metadata } = opened
    for (const line of await manifestsOf(opened)) {
      const context = contextOf(metadata, line)
      const manifest = openManifest(await opened.table.fileIO.read(line.manifestPath), line, context)
      const writer = new ManifestWriter({
        ...context,
        manifestPath: 'copy.avro',
        formatVersion: metadata.formatVersion,
        content: line.content,
        schemaJson: '{}',
        schemaId: 0,
        partitionFieldsJson: '[]',
        snapshotId: line.addedSnapshotId,
      })
      const cursor = manifest.cursor()
      while (cursor.next()) if (cursor.status !== 'deleted') writer.copyExisting(cursor)
      const copy = writer.finish()
      const rowIds = line.firstRowId === undefined ? {} : { firstRowId: line.firstRowId }
      const reread = openManifest(copy.bytes, { ...assignSequenceNumber(copy.manifest, 99), ...rowIds }, context)
      const live = [...manifest.entries()].filter((entry) => entry.status !== 'deleted')
      assert.deepEqual(plain(reread.entries()), plain(live.map((entry) => ({ ...entry, status: 'existing' }))))
    }
  })
}

test('v3-deletion-vectors: each vector has the positions its entry counts, each footer names its vectors', async () => {
  const opened = await open('v3-deletion-vectors')
  const io = opened.table.fileIO
  const vectors = (await liveEntries(opened)).map((entry) => entry.file).filter(isDeletionVector)
  assert.equal(vectors.length, 6)
  for (const file of vectors) {
    const positions = await loadDeletionVector(io, file)
    assert.equal(positions.length, file.recordCount)
    const { filePath: location, fileSizeBytes } = file
    const { blobs } = await loadPuffinFooter(io, { location, fileSizeBytes })
    const blob = blobs.find((candidate) => candidate.offset === file.contentOffset)
    assert.deepEqual(
      [blob?.type, blob?.length, blob?.snapshotId, blob?.sequenceNumber, blob?.properties],
      [
        'deletion-vector-v1',
        file.contentSizeBytes,
        -1n,
        -1,
        { 'referenced-data-file': file.referencedDataFile, cardinality: String(file.recordCount) },
      ],
    )
  }
  // Several vectors share a file.
  assert.ok(new Set(vectors.map((file) => file.filePath)).size < vectors.length)
})

function plain(entries: Iterable<ManifestEntry>): readonly object[] {
  return [...entries].map((entry) => ({ ...entry, file: { ...entry.file, metrics: entry.file.metrics() } }))
}

function withoutDescriptions(schemaText: string): unknown {
  return JSON.parse(schemaText, function drop(this: unknown, key, value: unknown) {
    return key === 'doc' ? undefined : value
  })
}
