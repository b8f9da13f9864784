import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oracleWriteFile } from '@moraine/avro/testing/avsc-oracle'
import { isKind } from '@moraine/stdx/error'
import { entrySchemaText } from './entry-schema.ts'
import type { ManifestEntry } from './manifest-entry.ts'
import type { ManifestFile } from './manifest-file.ts'
import { openManifest } from './manifest-reader.ts'
import { sampleManifest } from './testing/sample-entry.ts'
import { PARTITION_TYPES, PARTITIONED, UNPARTITIONED } from './testing/sample-manifest.ts'

// Manifests as other writers may lay them out, encoded by avsc.

type Field = { name: string; type: unknown; 'field-id'?: number }
type Json = { [key: string]: unknown }

const BARE = { spec: UNPARTITIONED, partitionTypes: [] }

async function readForeign(
  schema: string,
  values: readonly Json[],
  changes: Partial<ManifestFile> = {},
  context: Parameters<typeof openManifest>[2] = BARE,
): Promise<readonly ManifestEntry[]> {
  const bytes = await oracleWriteFile(schema, values, { codec: 'deflate' })
  return [...openManifest(bytes, sampleManifest(changes), context).entries()]
}

const REQUIRED: readonly Field[] = [
  { name: 'file_path', type: 'string', 'field-id': 100 },
  { name: 'file_format', type: 'string', 'field-id': 101 },
  { name: 'partition', type: { type: 'record', name: 'r102', fields: [] }, 'field-id': 102 },
  { name: 'record_count', type: 'long', 'field-id': 103 },
  { name: 'file_size_in_bytes', type: 'long', 'field-id': 104 },
]
const FILE: Json = {
  file_path: 'f.parquet',
  file_format: 'parquet',
  partition: {},
  record_count: 3n,
  file_size_in_bytes: 100n,
}

function schemaOf(entryFields: readonly Field[], fileFields: readonly Field[]): string {
  const dataFile = { name: 'data_file', type: { type: 'record', name: 'r2', fields: fileFields }, 'field-id': 2 }
  return JSON.stringify({
    type: 'record',
    name: 'manifest_entry',
    fields: [{ name: 'status', type: 'int', 'field-id': 0 }, ...entryFields, dataFile],
  })
}

const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)

test('a v1 manifest with its block size, as first specified', async () => {
  const entries = await readForeign(
    schemaOf(
      [{ name: 'snapshot_id', type: 'long', 'field-id': 1 }],
      [...REQUIRED, { name: 'block_size_in_bytes', type: 'long', 'field-id': 105 }],
    ),
    [{ status: 0, snapshot_id: 8n, data_file: { ...FILE, block_size_in_bytes: 64n } }],
    { sequenceNumber: 0 },
  )
  assert.equal(entries.length, 1)
  const { metrics: _, ...file } = entries[0]?.file ?? { metrics: undefined }
  assert.deepEqual(file, {
    content: 'data',
    filePath: 'f.parquet',
    fileFormat: 'parquet',
    specId: 0,
    partition: [],
    recordCount: 3,
    fileSizeBytes: 100,
  })
  assert.deepEqual([entries[0]?.snapshotId, entries[0]?.dataSequenceNumber, entries[0]?.fileSequenceNumber], [8n, 0, 0])
})

test('fields are found by id: any order, any name, either order of an option, unknown ones skipped', async () => {
  const counts = {
    type: 'array',
    logicalType: 'map',
    items: {
      type: 'record',
      name: 'pair',
      fields: [
        { name: 'k', type: 'int', 'field-id': 119 },
        { name: 'v', type: 'long', 'field-id': 120 },
      ],
    },
  }
  const fields: Field[] = [
    { name: 'future', type: ['null', { type: 'map', values: { type: 'array', items: 'double' } }], 'field-id': 1999 },
    { name: 'equality_ids', type: ['null', { type: 'array', items: 'long', 'element-id': 136 }], 'field-id': 135 },
    { name: 'counts', type: [counts, 'null'], 'field-id': 109 },
    { name: 'sort', type: ['int', 'null'], 'field-id': 140 },
    { name: 'kind', type: 'int', 'field-id': 134 },
    { name: 'file_path', type: 'string' },
    ...REQUIRED.toReversed().map((field) => ({ ...field, name: `x_${field.name}` })),
  ]
  const values = Object.fromEntries(Object.entries(FILE).map(([name, value]) => [`x_${name}`, value]))
  const file: Json = {
    ...values,
    future: { map: { a: [1, 2], b: [] } },
    equality_ids: { array: [5n] },
    counts: { array: [{ k: 1, v: 30n }] },
    sort: { int: 2 },
    kind: 2,
    file_path: 'not this one: it has no id',
  }
  const entries = await readForeign(schemaOf([], fields), [{ status: 1, data_file: file }], { content: 'deletes' })
  const entry = entries[0]
  assert.deepEqual(
    [entry?.file.filePath, entry?.file.content, entry?.file.equalityIds, entry?.file.sortOrderId],
    ['f.parquet', 'equality-deletes', [5], 2],
  )
  assert.deepEqual(entry?.file.metrics().valueCounts, new Map([[1, 30]]))
  assert.deepEqual([entry?.snapshotId, entry?.dataSequenceNumber, entry?.fileSequenceNumber], [50n, 5, 5])
})

const SEQUENCE_NUMBERS: readonly Field[] = [
  { name: 'sequence_number', type: ['null', 'long'], 'field-id': 3 },
  { name: 'file_sequence_number', type: ['null', 'long'], 'field-id': 4 },
]

function sequenced(status: number, data: bigint | null, file: bigint | null): Json {
  const long = (value: bigint | null) => (value === null ? null : { long: value })
  return { status, sequence_number: long(data), file_sequence_number: long(file), data_file: FILE }
}

test('what early v2 writers left out of existing and deleted entries', async () => {
  const schema = schemaOf(SEQUENCE_NUMBERS, REQUIRED)
  const entries = await readForeign(schema, [sequenced(0, 3n, null), sequenced(2, null, null), sequenced(1, 2n, null)])
  assert.deepEqual(
    entries.map((entry) => [entry.status, entry.dataSequenceNumber, entry.fileSequenceNumber]),
    [
      ['existing', 3, 3],
      ['deleted', 5, 5],
      ['added', 2, 5],
    ],
  )
})

test('a live file whose age is not known is damage', async () => {
  const schema = schemaOf(SEQUENCE_NUMBERS, REQUIRED)
  await assert.rejects(
    readForeign(schema, [sequenced(1, null, null), sequenced(0, null, 4n)]),
    corrupt(/m0\.avro is damaged: value 1, an existing file has no data sequence number/),
  )
})

for (const [fault, entry, message] of [
  [
    'a negative record count',
    { data_file: { ...FILE, record_count: -1n } },
    /value 0, data_file\.record_count: -1 is negative/,
  ],
  [
    'a negative size',
    { data_file: { ...FILE, file_size_in_bytes: -7n } },
    /data_file\.file_size_in_bytes: -7 is negative/,
  ],
  [
    'a size beyond 2^53',
    { data_file: { ...FILE, file_size_in_bytes: 2n ** 53n } },
    /file_size_in_bytes: 9007199254740992 is beyond/,
  ],
  ['an unknown status', { status: 3 }, /there is no entry status 3/],
] as const) {
  test(`${fault} is refused and named`, async () => {
    const values = [{ status: 1, data_file: FILE, ...entry }]
    await assert.rejects(readForeign(schemaOf([], REQUIRED), values), corrupt(message))
  })
}

test('an unknown file format is unsupported', async () => {
  const values = [{ status: 1, data_file: { ...FILE, file_format: 'lance' } }]
  await assert.rejects(
    readForeign(schemaOf([], REQUIRED), values),
    (error) => isKind(error, 'unsupported') && /unknown format "lance"/.test(error.message),
  )
})

test('an unknown content is refused', async () => {
  const schema = schemaOf([], [...REQUIRED, { name: 'content', type: 'int', 'field-id': 134 }])
  const values = [{ status: 1, data_file: { ...FILE, content: 3 } }]
  await assert.rejects(readForeign(schema, values), corrupt(/there is no file content 3/))
})

test('a schema without what every manifest has, or with wrong types, is refused', async () => {
  const without = (name: string) => REQUIRED.filter((field) => field.name !== name)
  await assert.rejects(
    readForeign(schemaOf([], without('record_count')), []),
    corrupt(/m0\.avro is no manifest: its schema has no field 103 \(record_count\)/),
  )
  const wrong = [...without('file_path'), { name: 'file_path', type: 'bytes', 'field-id': 100 }]
  await assert.rejects(
    readForeign(schemaOf([], wrong), []),
    corrupt(/its schema gives data_file\.file_path the type bytes/),
  )
  await assert.rejects(readForeign('"long"', []), corrupt(/its entries are no records/))
})

test('a manifest of a later format version is unsupported', async () => {
  const schema = entrySchemaText(3, PARTITIONED, PARTITION_TYPES)
  const bytes = await oracleWriteFile(schema, [], { codec: 'null', metadata: { 'format-version': Buffer.from('4') } })
  assert.throws(
    () => openManifest(bytes, sampleManifest(), { spec: PARTITIONED, partitionTypes: PARTITION_TYPES }),
    (error) => isKind(error, 'unsupported') && /m0\.avro has format version 4/.test(error.message),
  )
})
