import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openContainer } from '@moraine/avro/container-reader'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { entrySchemaText } from './entry-schema.ts'
import { listSchemaText } from './list-schema.ts'
import { readManifestList } from './manifest-list-reader.ts'
import { openManifest } from './manifest-reader.ts'
import { UNPARTITIONED } from './testing/sample-manifest.ts'

// fixtures/README.md says who wrote the files.

const BY_DAY: PartitionSpec = {
  specId: 0,
  fields: [{ fieldId: 1000, sourceIds: [3], name: 'ts_day', transform: { kind: 'day' } }],
}
const DAY: readonly PrimitiveType[] = [{ kind: 'date' }]

function fixture(name: string): Buffer {
  return readFileSync(new URL(`fixtures/${name}`, import.meta.url))
}

test('the manifest list of a partitioned table', () => {
  const { manifests, header } = readManifestList(fixture('partitioned-list.avro'), 'list.avro')
  assert.deepEqual(header, {
    formatVersion: 2,
    snapshotId: 5247254667089396200n,
    parentSnapshotId: 8969026448139108190n,
    sequenceNumber: 2,
  })
  const directory = '/lake/mixed/db/keyed/metadata/546b62d0-6259-43b0-952e-725311a08c83'
  const shared = {
    partitionSpecId: 0,
    content: 'data',
    sequenceNumber: 2,
    addedSnapshotId: 5247254667089396200n,
    existingFilesCount: 0,
    existingRowsCount: 0,
  }
  assert.deepEqual(manifests, [
    {
      ...shared,
      manifestPath: `${directory}-m1.avro`,
      manifestLength: fixture('partitioned-added.avro').length,
      minSequenceNumber: 2,
      addedFilesCount: 6,
      deletedFilesCount: 0,
      addedRowsCount: 14,
      deletedRowsCount: 0,
      partitions: [
        {
          containsNull: false,
          containsNan: false,
          lowerBound: Uint8Array.of(0xe6, 0x4f, 0, 0),
          upperBound: Uint8Array.of(0xe8, 0x4f, 0, 0),
        },
      ],
    },
    {
      ...shared,
      manifestPath: `${directory}-m0.avro`,
      manifestLength: fixture('partitioned-deleted.avro').length,
      minSequenceNumber: 2,
      addedFilesCount: 0,
      deletedFilesCount: 4,
      addedRowsCount: 0,
      deletedRowsCount: 12,
      partitions: [
        {
          containsNull: false,
          containsNan: false,
          lowerBound: Uint8Array.of(0xe6, 0x4f, 0, 0),
          upperBound: Uint8Array.of(0xe7, 0x4f, 0, 0),
        },
      ],
    },
  ])
})

for (const [list, manifests, spec, types] of [
  ['partitioned-list.avro', ['partitioned-added.avro', 'partitioned-deleted.avro'], BY_DAY, DAY],
  ['unpartitioned-list.avro', ['unpartitioned-added.avro', 'unpartitioned-deleted.avro'], UNPARTITIONED, []],
] as const) {
  test(`the counts of ${list} are those of its manifests`, () => {
    const lines = readManifestList(fixture(list), list).manifests
    assert.equal(lines.length, manifests.length)
    for (const [at, line] of lines.entries()) {
      const name = manifests[at] ?? ''
      const entries = [...openManifest(fixture(name), line, { spec, partitionTypes: types }).entries()]
      const rows = (status: string) =>
        entries.filter((entry) => entry.status === status).reduce((sum, entry) => sum + entry.file.recordCount, 0)
      const count = (status: string) => entries.filter((entry) => entry.status === status).length
      assert.deepEqual(
        [count('added'), count('existing'), count('deleted'), rows('added'), rows('deleted')],
        [
          line.addedFilesCount,
          line.existingFilesCount,
          line.deletedFilesCount,
          line.addedRowsCount,
          line.deletedRowsCount,
        ],
      )
    }
  })
}

test('an added entry inherits, a deleted one keeps its own', () => {
  const [added, deleted] = readManifestList(fixture('partitioned-list.avro'), 'list.avro').manifests
  assert.ok(added && deleted)
  const context = { spec: BY_DAY, partitionTypes: DAY }
  const [first] = openManifest(fixture('partitioned-added.avro'), added, context).entries()
  assert.ok(first)
  const { metrics, ...file } = first.file
  assert.deepEqual(
    { ...first, file },
    {
      status: 'added',
      snapshotId: 5247254667089396200n,
      dataSequenceNumber: 2,
      fileSequenceNumber: 2,
      file: {
        content: 'data',
        filePath: '/lake/mixed/db/keyed/data/ts_day=2026-01-01/7-B-1-00000-0-2506994380793123150-00001.parquet',
        fileFormat: 'parquet',
        specId: 0,
        partition: [20454],
        recordCount: 3,
        fileSizeBytes: 1299,
        splitOffsets: [4],
        sortOrderId: 0,
      },
    },
  )
  const counts = (...values: number[]) => new Map(values.map((value, at) => [at + 1, value]))
  const noon = Uint8Array.of(0, 64, 32, 70, 72, 71, 6, 0)
  assert.deepEqual(metrics(), {
    columnSizes: counts(47, 61, 82, 62),
    valueCounts: counts(3, 3, 3, 3),
    nullValueCounts: counts(0, 0, 0, 0),
    nanValueCounts: new Map(),
    lowerBounds: new Map([
      [1, Uint8Array.of(4, 0, 0, 0)],
      [2, bytes('base12')],
      [3, noon],
      [4, Uint8Array.of(1, 144)],
    ]),
    upperBounds: new Map([
      [1, Uint8Array.of(12, 0, 0, 0)],
      [2, bytes('base8')],
      [3, noon],
      [4, Uint8Array.of(4, 176)],
    ]),
  })
  const [removed] = openManifest(fixture('partitioned-deleted.avro'), deleted, context).entries()
  assert.deepEqual(
    [removed?.status, removed?.snapshotId, removed?.dataSequenceNumber, removed?.fileSequenceNumber],
    ['deleted', 5247254667089396200n, 1, 1],
  )
})

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

test('our schemas are those of the reference implementation, descriptions apart', () => {
  const theirs = (name: string) => withoutDescriptions(JSON.parse(openContainer(fixture(name), name).schemaText))
  assert.deepEqual(JSON.parse(listSchemaText(2)), theirs('partitioned-list.avro'))
  // Java 1.8 and later add field 143 to v2.
  const ours = JSON.parse(entrySchemaText(2, BY_DAY, DAY), (key, value: unknown) =>
    key === 'fields' && Array.isArray(value)
      ? value.filter((field: { 'field-id': number }) => field['field-id'] !== 143)
      : value,
  )
  assert.deepEqual(ours, theirs('partitioned-added.avro'))
})

function withoutDescriptions(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json, (key, value: unknown) => (key === 'doc' ? undefined : value)))
}
