import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openContainer } from '@moraine/avro/container-reader'
import { oracleReadFile, oracleWriteFile } from '@moraine/avro/testing/avsc-oracle'
import { decodeValues } from '@moraine/avro/value-decoder'
import { isKind } from '@moraine/stdx/error'
import { listSchemaText } from './list-schema.ts'
import type { ManifestFile } from './manifest-file.ts'
import { readManifestList } from './manifest-list-reader.ts'
import { type ManifestListInput, writeManifestList } from './manifest-list-writer.ts'
import { asSnapshotId, sampleManifest } from './testing/sample-entry.ts'

const SUMMARY = {
  containsNull: true,
  containsNan: false,
  lowerBound: Uint8Array.of(1, 0, 0, 0),
  upperBound: Uint8Array.of(9, 0, 0, 0),
}
const MANIFESTS: readonly ManifestFile[] = [
  sampleManifest({
    addedSnapshotId: asSnapshotId(2n ** 63n - 1n),
    partitions: [SUMMARY, { containsNull: false }],
    keyMetadata: Uint8Array.of(7, 8),
    firstRowId: 2n ** 53n + 1n,
  }),
  sampleManifest({
    manifestPath: 's3://bucket/ü/m1.avro',
    content: 'deletes',
    minSequenceNumber: 3,
    addedRowsCount: 2 ** 52,
  }),
]

function input(changes: Partial<ManifestListInput>): ManifestListInput {
  return { formatVersion: 2, manifests: MANIFESTS, snapshotId: asSnapshotId(50n), sequenceNumber: 5, ...changes }
}

function withoutRowId(manifest: ManifestFile): ManifestFile {
  const { firstRowId: _, ...rest } = manifest
  return rest
}

test('a v2 list comes back, with its header', () => {
  const bytes = writeManifestList(input({ parentSnapshotId: asSnapshotId(49n) }))
  const { manifests, header } = readManifestList(bytes, 'list.avro')
  assert.deepEqual(manifests, MANIFESTS.map(withoutRowId))
  assert.deepEqual(header, { formatVersion: 2, snapshotId: 50n, parentSnapshotId: 49n, sequenceNumber: 5 })
})

test('a v3 list comes back with row ids', () => {
  const bytes = writeManifestList(input({ formatVersion: 3, firstRowId: 1000n }))
  const { manifests, header } = readManifestList(bytes, 'list.avro')
  assert.deepEqual(manifests, MANIFESTS)
  assert.deepEqual(header, { formatVersion: 3, snapshotId: 50n, sequenceNumber: 5, firstRowId: 1000n })
})

test('a v1 list comes back without what v1 lacks', () => {
  const {
    addedFilesCount: _,
    addedRowsCount: __,
    ...uncounted
  } = sampleManifest({ sequenceNumber: 0, minSequenceNumber: 0 })
  const bytes = writeManifestList(input({ formatVersion: 1, sequenceNumber: 0, manifests: [uncounted] }))
  const { manifests, header } = readManifestList(bytes, 'list.avro')
  assert.deepEqual(manifests, [uncounted])
  assert.deepEqual(header, { formatVersion: 1, snapshotId: 50n })
})

test('avsc reads what we write, and we what avsc writes', async () => {
  for (const formatVersion of [1, 2, 3] as const) {
    const manifests = formatVersion === 1 ? MANIFESTS.slice(0, 1) : MANIFESTS
    const bytes = writeManifestList(input({ formatVersion, manifests, firstRowId: 0n }))
    const { metadata, values } = await oracleReadFile(bytes)
    assert.equal(metadata['parent-snapshot-id']?.toString(), 'null')
    assert.equal(values.length, manifests.length)
    const again = await oracleWriteFile(listSchemaText(formatVersion), values, { codec: 'deflate' })
    assert.deepEqual(readManifestList(again, 'list.avro').manifests, readManifestList(bytes, 'list.avro').manifests)
  }
})

test('fields are found by id, whatever their names and order; what is unknown is skipped', async () => {
  const schema = JSON.stringify({
    type: 'record',
    name: 'manifest_file',
    fields: [
      { name: 'future', type: ['null', 'string'], 'field-id': 599 },
      { name: 'added_data_files_count', type: ['null', 'int'], 'field-id': 504 },
      { name: 'where', type: 'string', 'field-id': 500 },
      { name: 'added_snapshot_id', type: ['null', 'long'], 'field-id': 503 },
      { name: 'bytes', type: 'long', 'field-id': 501 },
      { name: 'partition_spec_id', type: 'int', 'field-id': 502 },
    ],
  })
  const line = {
    future: { string: 'x' },
    added_data_files_count: { int: 4 },
    where: 'm.avro',
    added_snapshot_id: { long: 9n },
    bytes: 77n,
    partition_spec_id: 2,
  }
  const { manifests, header } = readManifestList(await oracleWriteFile(schema, [line], { codec: 'null' }), 'list.avro')
  assert.deepEqual(manifests, [
    {
      manifestPath: 'm.avro',
      manifestLength: 77,
      partitionSpecId: 2,
      content: 'data',
      sequenceNumber: 0,
      minSequenceNumber: 0,
      addedSnapshotId: 9n,
      addedFilesCount: 4,
      partitions: [],
    },
  ])
  assert.deepEqual(header, {})
})

for (const [fault, changes, message] of [
  ['a negative length', { manifestLength: -1 }, /list\.avro is damaged: line 0, manifest_length: -1 is out of range/],
  ['a negative count', { deletedFilesCount: -3 }, /deleted_files_count: -3 is out of range/],
  ['a negative sequence number', { sequenceNumber: -1 }, /sequence_number: -1 is out of range/],
] as const) {
  test(`${fault} is refused`, () => {
    const bytes = writeManifestList(input({ manifests: [sampleManifest(changes)] }))
    assert.throws(
      () => readManifestList(bytes, 'list.avro'),
      (error) => isKind(error, 'corrupt') && message.test(error.message),
    )
  })
}

test('a list that unpacks to more than memory should hold is refused before it does', () => {
  const bytes = writeManifestList(input({ manifests: Array.from({ length: 50 }, () => sampleManifest({})) }))
  assert.equal(readManifestList(bytes, 'list.avro').manifests.length, 50)
  assert.throws(
    () => [...decodeValues(openContainer(bytes, 'list.avro'), 300)],
    (error) => isKind(error, 'corrupt') && /list\.avro is damaged: .*more values than are read/.test(error.message),
  )
})

test('a list of another format version is unsupported', () => {
  const bytes = writeManifestList(input({ formatVersion: 4 as 3, manifests: [] }))
  assert.throws(
    () => readManifestList(bytes, 'list.avro'),
    (error) => isKind(error, 'unsupported') && /format version 4/.test(error.message),
  )
})

test('what a format version cannot express is refused', () => {
  const refused = (kind: 'invalid-input' | 'unsupported', pattern: RegExp) => (error: unknown) =>
    isKind(error, kind) && pattern.test(error.message)
  assert.throws(() => writeManifestList(input({ formatVersion: 1 })), refused('invalid-input', /no delete manifests/))
  assert.throws(
    () => writeManifestList(input({ formatVersion: 3 })),
    refused('invalid-input', /needs the first row id/),
  )
  assert.throws(
    () => writeManifestList(input({ formatVersion: 3, firstRowId: 0n, manifests: [sampleManifest()] })),
    refused('invalid-input', /m0\.avro has no first row id/),
  )
  const { existingRowsCount: _, ...uncounted } = sampleManifest()
  assert.throws(
    () => writeManifestList(input({ manifests: [uncounted] })),
    refused('unsupported', /m0\.avro has no existingRowsCount/),
  )
})
