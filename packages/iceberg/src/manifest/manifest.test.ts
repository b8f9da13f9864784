import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oracleReadFile } from '@moraine/avro/testing/avsc-oracle'
import { isKind } from '@moraine/stdx/error'
import type { ContentFile } from './content-file.ts'
import type { ManifestEntry } from './manifest-entry.ts'
import type { ManifestFile } from './manifest-file.ts'
import { type ManifestContext, openManifest } from './manifest-reader.ts'
import { ManifestWriter, type WrittenManifest } from './manifest-writer.ts'
import { assignSequenceNumber } from './staged-manifest.ts'
import { asSnapshotId, sampleContentFile, sampleEntry, sampleMetrics } from './testing/sample-entry.ts'
import { PARTITION_TYPES, PARTITIONED, UNPARTITIONED, writeManifest, writerOptions } from './testing/sample-manifest.ts'

const CONTEXT: ManifestContext = { spec: PARTITIONED, partitionTypes: PARTITION_TYPES }
const BARE: ManifestContext = { spec: UNPARTITIONED, partitionTypes: [] }
const bare = { spec: UNPARTITIONED, partitionTypes: [] }

const METRICS = sampleMetrics(5, 3)
const DATA_FILE = sampleContentFile({
  filePath: 's3://bucket/table/data/region=süd/00000.parquet',
  partition: [20454, 'süd'],
  recordCount: 430_000,
  fileSizeBytes: 2 ** 40,
  metrics: () => METRICS,
  keyMetadata: Uint8Array.of(1, 2, 3),
  splitOffsets: [4, 2 ** 33],
  sortOrderId: 1,
})
const EQUALITY_DELETES = sampleContentFile({
  content: 'equality-deletes',
  filePath: 's3://bucket/table/data/eq.orc',
  fileFormat: 'orc',
  partition: [null, null],
  equalityIds: [1, 3],
})
const POSITION_DELETES = sampleContentFile({
  content: 'position-deletes',
  filePath: 's3://bucket/table/data/pos.avro',
  fileFormat: 'avro',
  partition: [0, ''],
  referencedDataFile: DATA_FILE.filePath,
})
const DELETION_VECTOR = sampleContentFile({
  content: 'position-deletes',
  filePath: 's3://bucket/table/data/dv.puffin',
  fileFormat: 'puffin',
  partition: [0, ''],
  referencedDataFile: DATA_FILE.filePath,
  contentOffset: 4,
  contentSizeBytes: 60,
})

function read(
  written: WrittenManifest,
  context: ManifestContext,
  changes: Partial<ManifestFile> = {},
): ManifestEntry[] {
  const manifest = { ...assignSequenceNumber(written.manifest, 9), ...changes }
  return [...openManifest(written.bytes, manifest, context).entries()]
}

/** Entries as plain data: metrics decoded instead of deferred. */
function plain(entries: readonly ManifestEntry[]): readonly object[] {
  return entries.map((entry) => ({ ...entry, file: { ...entry.file, metrics: entry.file.metrics() } }))
}

const refused = (pattern: RegExp) => (error: unknown) => isKind(error, 'invalid-input') && pattern.test(error.message)
const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)

for (const formatVersion of [1, 2, 3] as const) {
  test(`a v${formatVersion} data manifest comes back whole`, () => {
    const old = { snapshotId: asSnapshotId(7n), dataSequenceNumber: 3, fileSequenceNumber: 4 }
    const existing = sampleEntry({ ...old, status: 'existing', file: sampleContentFile({ partition: [1, 'a'] }) })
    const removed = sampleEntry({ ...old, status: 'deleted', file: sampleContentFile({ partition: [2, 'b'] }) })
    const written = writeManifest(writerOptions(formatVersion), (writer) => {
      writer.add(DATA_FILE)
      writer.addExisting(existing)
      writer.addDeleted(removed)
    })
    const v1 = { dataSequenceNumber: 0, fileSequenceNumber: 0 }
    const since = formatVersion === 1 ? v1 : { dataSequenceNumber: 9, fileSequenceNumber: 9 }
    const kept = formatVersion === 1 ? v1 : {}
    const expected: readonly ManifestEntry[] = [
      { status: 'added', snapshotId: asSnapshotId(50n), ...since, file: DATA_FILE },
      { ...existing, ...kept },
      { ...removed, ...kept, snapshotId: asSnapshotId(50n) },
    ]
    const changes = formatVersion === 1 ? { sequenceNumber: 0 } : {}
    assert.deepEqual(plain(read(written, CONTEXT, changes)), plain(expected))
  })
}

test('a v2 delete manifest comes back whole', () => {
  const written = writeManifest(writerOptions(2, { content: 'deletes' }), (writer) => {
    writer.add(EQUALITY_DELETES)
    writer.add(POSITION_DELETES, 4)
  })
  const entries = read(written, CONTEXT)
  assert.deepEqual(
    plain(entries),
    plain([
      {
        status: 'added',
        snapshotId: asSnapshotId(50n),
        dataSequenceNumber: 9,
        fileSequenceNumber: 9,
        file: EQUALITY_DELETES,
      },
      {
        status: 'added',
        snapshotId: asSnapshotId(50n),
        dataSequenceNumber: 4,
        fileSequenceNumber: 9,
        file: POSITION_DELETES,
      },
    ]),
  )
})

test('a deletion vector keeps its place in the Puffin file', () => {
  const written = writeManifest(writerOptions(3, { content: 'deletes' }), (writer) => writer.add(DELETION_VECTOR))
  assert.deepEqual(
    plain(read(written, CONTEXT)).map((entry) => (entry as ManifestEntry).file),
    [{ ...DELETION_VECTOR, metrics: DELETION_VECTOR.metrics() }],
  )
})

test('the line of a written manifest has its counts, bounds and least sequence number', () => {
  const { manifest, bytes } = writeManifest(writerOptions(2), (writer) => {
    writer.add(sampleContentFile({ partition: [5, 'b'], recordCount: 1 }))
    writer.add(sampleContentFile({ partition: [null, 'z'], recordCount: 20 }), 8)
    writer.addExisting(
      sampleEntry({ dataSequenceNumber: 6, file: sampleContentFile({ partition: [-7, 'é'], recordCount: 300 }) }),
    )
    writer.addDeleted(
      sampleEntry({ dataSequenceNumber: 2, file: sampleContentFile({ partition: [9, 'a'], recordCount: 4000 }) }),
    )
  })
  assert.deepEqual(manifest, {
    manifestPath: 's3://bucket/table/metadata/m0.avro',
    manifestLength: bytes.length,
    partitionSpecId: 0,
    content: 'data',
    addedSnapshotId: 50n,
    addedFilesCount: 2,
    existingFilesCount: 1,
    deletedFilesCount: 1,
    addedRowsCount: 21,
    existingRowsCount: 300,
    deletedRowsCount: 4000,
    minSequenceNumber: 6,
    partitions: [
      {
        containsNull: true,
        containsNan: false,
        lowerBound: Uint8Array.of(0xf9, 0xff, 0xff, 0xff),
        upperBound: Uint8Array.of(9, 0, 0, 0),
      },
      { containsNull: false, containsNan: false, lowerBound: Buffer.from('a'), upperBound: Buffer.from('é') },
    ],
  })
})

test('the line says whether a partition value is NaN, which no bound may be', () => {
  const spec = { ...PARTITIONED, fields: PARTITIONED.fields.slice(1) }
  const options = writerOptions(2, { spec, partitionTypes: [{ kind: 'double' }] })
  const { manifest } = writeManifest(options, (writer) => {
    writer.add(sampleContentFile({ partition: [Number.NaN] }))
    writer.add(sampleContentFile({ partition: [0] }))
    writer.add(sampleContentFile({ partition: [-0] }))
  })
  assert.deepEqual(manifest.partitions, [
    {
      containsNull: false,
      containsNan: true,
      lowerBound: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80),
      upperBound: new Uint8Array(8),
    },
  ])
})

test('the header is the one that other readers expect', async () => {
  for (const formatVersion of [1, 2, 3] as const) {
    const { metadata } = await oracleReadFile(writeManifest(writerOptions(formatVersion), () => {}).bytes)
    const { 'avro.schema': _schema, ...rest } = metadata
    assert.deepEqual(Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, value.toString()])), {
      'avro.codec': 'deflate',
      schema: '{"type":"struct","schema-id":4,"fields":[]}',
      'schema-id': '4',
      'partition-spec': '[]',
      'partition-spec-id': '0',
      'format-version': String(formatVersion),
      ...(formatVersion > 1 && { content: 'data' }),
    })
  }
})

test('avsc reads the values that were written', async () => {
  const written = writeManifest(writerOptions(3), (writer) => writer.add({ ...DATA_FILE, firstRowId: 2n ** 60n }, 4))
  const { values } = await oracleReadFile(written.bytes)
  const long = (entries: ReadonlyMap<number, number>) => ({
    array: [...entries].map(([key, value]) => ({ key, value: BigInt(value) })),
  })
  const bytes = (entries: ReadonlyMap<number, Uint8Array>) => ({
    array: [...entries].map(([key, value]) => ({ key, value: Buffer.from(value) })),
  })
  const expected = {
    status: 1,
    snapshot_id: { long: 50n },
    sequence_number: { long: 4n },
    file_sequence_number: null,
    data_file: {
      content: 0,
      file_path: DATA_FILE.filePath,
      file_format: 'PARQUET',
      partition: { ts_x2Eday: { int: 20454 }, region: { string: 'süd' } },
      record_count: 430_000n,
      file_size_in_bytes: 2n ** 40n,
      column_sizes: long(METRICS.columnSizes),
      value_counts: long(METRICS.valueCounts),
      null_value_counts: long(METRICS.nullValueCounts),
      nan_value_counts: long(METRICS.nanValueCounts),
      lower_bounds: bytes(METRICS.lowerBounds),
      upper_bounds: bytes(METRICS.upperBounds),
      key_metadata: { bytes: Buffer.of(1, 2, 3) },
      split_offsets: { array: [4n, 2n ** 33n] },
      equality_ids: null,
      sort_order_id: { int: 1 },
      first_row_id: { long: 2n ** 60n },
      referenced_data_file: null,
      content_offset: null,
      content_size_in_bytes: null,
    },
  }
  assert.deepEqual(normal(values), normal([expected]))
})

/** avsc gives objects of generated classes. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal)
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, normal(inner)]))
}

test('first row ids run over the live files that have none', () => {
  const older = sampleContentFile({ recordCount: 25, firstRowId: 800n })
  const written = writeManifest(writerOptions(3, bare), (writer) => {
    writer.addExisting(sampleEntry({ file: older }))
    writer.add(sampleContentFile({ recordCount: 50 }))
    writer.addDeleted(sampleEntry({ file: sampleContentFile({ recordCount: 7 }) }))
    writer.addExisting(sampleEntry({ file: sampleContentFile({ recordCount: 1000 }) }))
    writer.add(sampleContentFile({ recordCount: 50 }))
  })
  const rowIds = (firstRowId: bigint | undefined) =>
    read(written, BARE, firstRowId === undefined ? {} : { firstRowId }).map((entry) => entry.file.firstRowId)
  assert.deepEqual(rowIds(1000n), [800n, 1000n, undefined, 1050n, 2050n])
  // A manifest without one is from before the table was upgraded: its files have no row ids at all.
  assert.deepEqual(rowIds(undefined), [undefined, undefined, undefined, undefined, undefined])
})

test('files of a v1 manifest have sequence number 0, also in the list of an upgraded table', () => {
  const written = writeManifest(writerOptions(1, bare), (writer) => writer.addExisting(sampleEntry()))
  assert.deepEqual(
    read(written, BARE, { sequenceNumber: 0 }).map((entry) => [entry.dataSequenceNumber, entry.fileSequenceNumber]),
    [[0, 0]],
  )
  assert.equal(read(written, BARE, { sequenceNumber: 9 })[0]?.dataSequenceNumber, 0)
})

test('entries in a row with the same partition share one tuple', () => {
  const written = writeManifest(writerOptions(2), (writer) => {
    for (const region of ['a', 'a', 'ab', 'a']) writer.add(sampleContentFile({ partition: [1, region] }))
  })
  const [first, second, third, fourth] = read(written, CONTEXT).map((entry) => entry.file.partition)
  assert.deepEqual(
    [first, second, third, fourth],
    [
      [1, 'a'],
      [1, 'a'],
      [1, 'ab'],
      [1, 'a'],
    ],
  )
  assert.equal(first, second)
})

test('metrics are those of their own entry, whenever they are asked for', () => {
  const files = Array.from({ length: 2000 }, (_, index) =>
    sampleContentFile({ filePath: `f${index}`, metrics: () => sampleMetrics(12, index) }),
  )
  const written = writeManifest(writerOptions(2, bare), (writer) => {
    for (const file of files) writer.add(file)
  })
  const entries = read(written, BARE)
  assert.equal(entries.length, 2000)
  for (const at of [1999, 0, 1234]) assert.deepEqual(entries[at]?.file.metrics(), sampleMetrics(12, at))
})

test('a cursor gives the same as the entries, without their objects', () => {
  const written = writeManifest(writerOptions(3, { content: 'deletes' }), (writer) => {
    writer.add(EQUALITY_DELETES)
    writer.add(DELETION_VECTOR)
  })
  const manifest = assignSequenceNumber(written.manifest, 9)
  const cursor = openManifest(written.bytes, manifest, CONTEXT).cursor()
  assert.equal(cursor.next(), true)
  assert.deepEqual([cursor.ordinal, cursor.content, cursor.equalityIds()], [0, 'equality-deletes', [1, 3]])
  const nulls = cursor.encodedPartition()
  assert.equal(cursor.next(), true)
  assert.deepEqual([cursor.ordinal, cursor.contentOffset, cursor.contentSizeBytes], [1, 4, 60])
  assert.equal(Buffer.from(cursor.filePathBytes()).toString(), DELETION_VECTOR.filePath)
  assert.equal(cursor.referencedDataFile(), DATA_FILE.filePath)
  assert.notEqual(cursor.encodedPartition(), nulls)
  assert.equal(cursor.next(), false)
  assert.equal(cursor.next(), false)
})

test('what a manifest cannot express is refused, and leaves the manifest whole', () => {
  const writer = new ManifestWriter(writerOptions(2))
  const entry: [ContentFile, RegExp][] = [
    [EQUALITY_DELETES, /eq\.orc holds equality-deletes and cannot be listed in a manifest of data/],
    [{ ...DATA_FILE, specId: 1 }, /it has partition spec 1, its manifest has 0/],
    [{ ...DATA_FILE, partition: [] }, /a partition of 0 values/],
    [{ ...DATA_FILE, recordCount: -1 }, /negative/],
  ]
  for (const [file, message] of entry) assert.throws(() => writer.add(file), refused(message))
  writer.add(DATA_FILE)
  const written = writer.finish()
  assert.equal(written.manifest.addedFilesCount, 1)
  assert.equal(read(written, CONTEXT).length, 1)

  const deletes = new ManifestWriter(writerOptions(2, { content: 'deletes' }))
  assert.throws(() => deletes.add(DELETION_VECTOR), refused(/format version 2 have no deletion vectors/))
  const { equalityIds: _, ...withoutIds } = EQUALITY_DELETES
  assert.throws(() => deletes.add(withoutIds), refused(/it has no equality ids/))
  const { contentOffset: __, ...withoutOffset } = DELETION_VECTOR
  const v3 = new ManifestWriter(writerOptions(3, { content: 'deletes' }))
  assert.throws(() => v3.add(withoutOffset), refused(/needs a referenced data file, an offset and a size/))
  assert.throws(() => new ManifestWriter(writerOptions(1, { content: 'deletes' })), refused(/no delete manifests/))
})

test('a deleted file cannot be listed as existing again', () => {
  const writer = new ManifestWriter(writerOptions(2, bare))
  assert.throws(() => writer.addExisting(sampleEntry({ status: 'deleted' })), /is deleted and would come back/)
})

test('a manifest that contradicts its line is refused', () => {
  const written = writeManifest(writerOptions(2), (writer) => writer.add(DATA_FILE))
  assert.throws(
    () => read(written, CONTEXT, { content: 'deletes' }),
    corrupt(/says it holds data, its line .* deletes/),
  )
  const v1 = writeManifest(writerOptions(1), (writer) => writer.add(DATA_FILE))
  assert.throws(
    () => read(v1, CONTEXT, { content: 'deletes' }),
    corrupt(/value 0, a manifest of deletes lists a file of data/),
  )
})

test('a manifest grows as it is filled', () => {
  const writer = new ManifestWriter(writerOptions(2, bare))
  const empty = writer.length
  for (let index = 0; index < 100; index += 1)
    writer.add(sampleContentFile({ filePath: `f${index}`, metrics: () => METRICS }))
  assert.ok(writer.length > empty + 5000)
  assert.equal(writer.entryCount, 100)
})
