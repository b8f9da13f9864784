import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import fc from 'fast-check'
import { encodeMetadataFile } from './metadata-file.ts'
import { formatTableMetadata, parseTableMetadata, stripTrailingSlash } from './table-metadata-json.ts'

const SCHEMA = { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'long' }] }
const SPEC_FIELD = { name: 'id_bucket', transform: 'bucket[4]', 'source-id': 1, 'field-id': 1000 }
const UNSORTED = { 'order-id': 0, fields: [] }
const ID = 9_223_372_036_854_775_806n

const V3 = {
  'format-version': 3,
  'table-uuid': 'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  location: 's3://bucket/db/t',
  'last-sequence-number': 34,
  'last-updated-ms': 1_700_000_000_000,
  'last-column-id': 1,
  'current-schema-id': 0,
  schemas: [SCHEMA],
  'default-spec-id': 1,
  'partition-specs': [
    { 'spec-id': 0, fields: [] },
    { 'spec-id': 1, fields: [SPEC_FIELD] },
  ],
  'last-partition-id': 1000,
  'default-sort-order-id': 3,
  'sort-orders': [
    UNSORTED,
    {
      'order-id': 3,
      fields: [{ transform: 'identity', 'source-id': 1, direction: 'desc', 'null-order': 'nulls-last' }],
    },
  ],
  properties: { 'write.format.default': 'parquet' },
  'current-snapshot-id': ID,
  'next-row-id': 9_007_199_254_740_993n,
  'encryption-keys': [
    { 'key-id': 'k', 'encrypted-key-metadata': 'AA==', 'encrypted-by-id': 'm', properties: { a: 'b' } },
  ],
  refs: {
    main: { 'snapshot-id': ID, type: 'branch' },
    audit: { 'snapshot-id': 1, type: 'tag', 'max-ref-age-ms': 10 },
    dev: { 'snapshot-id': 1, type: 'branch', 'min-snapshots-to-keep': 2, 'max-snapshot-age-ms': 3 },
  },
  snapshots: [
    { 'snapshot-id': 1, 'timestamp-ms': 1, 'manifest-list': 's3://b/1.avro' },
    {
      'sequence-number': 34,
      'snapshot-id': ID,
      'parent-snapshot-id': 1,
      'timestamp-ms': 2,
      summary: { operation: 'append', 'added-records': '5' },
      'manifest-list': 's3://b/2.avro',
      'schema-id': 0,
      'first-row-id': 0,
      'added-rows': 5,
      'key-id': 'k',
    },
  ],
  statistics: [
    {
      'snapshot-id': ID,
      'statistics-path': 's3://b/s.puffin',
      'file-size-in-bytes': 413,
      'file-footer-size-in-bytes': 42,
      'blob-metadata': [
        {
          type: 'apache-datasketches-theta-v1',
          'snapshot-id': ID,
          'sequence-number': 34,
          fields: [1],
          properties: { ndv: '5' },
        },
      ],
    },
  ],
  'partition-statistics': [{ 'snapshot-id': 1, 'statistics-path': 's3://b/p.parquet', 'file-size-in-bytes': 43 }],
  'snapshot-log': [{ 'timestamp-ms': 2, 'snapshot-id': ID }],
  'metadata-log': [{ 'timestamp-ms': 1, 'metadata-file': 's3://b/v1.metadata.json' }],
}

const FORMER_V1 = {
  'format-version': 1,
  location: 's3://bucket/db/t',
  'last-updated-ms': 1,
  'last-column-id': 1,
  schema: { type: 'struct', fields: SCHEMA.fields },
  'partition-spec': [
    { name: 'a', transform: 'identity', 'source-id': 1 },
    { name: 'b', transform: 'void', 'source-id': 1 },
  ],
  'current-snapshot-id': 7,
  snapshots: [{ 'snapshot-id': 7, 'timestamp-ms': 1, manifests: ['s3://b/m.avro'] }],
}

function parse(json: unknown) {
  return parseTableMetadata(formatExactJson(json), 'v9.metadata.json')
}

function problem(json: unknown): string {
  try {
    parse(json)
  } catch (error) {
    assert.ok(error instanceof MoraineError)
    return `${error.kind} ${error.message}`
  }
  return 'accepted'
}

test('version 3 is written as it was read, to the letter', () => {
  assert.equal(formatTableMetadata(parse(V3)), formatExactJson(V3))
})

test('what was formatted before is formatted like what is new', () => {
  const metadata = parse(V3)
  formatTableMetadata(metadata)
  for (const { snapshots } of [parse(V3), parse(V3)]) {
    const longer = { ...metadata, snapshots: [...metadata.snapshots, ...snapshots.slice(0, 1)] }
    assert.equal(formatTableMetadata(longer), formatTableMetadata(structuredClone(longer)))
  }
})

test('ids beyond 2^53 are exact', () => {
  const metadata = parse(V3)
  assert.equal(metadata.currentSnapshotId, ID)
  assert.equal(metadata.nextRowId, 9_007_199_254_740_993n)
})

test('version 2 has no row ids', () => {
  const { 'next-row-id': _, 'encryption-keys': __, ...rest } = V3
  const v2 = { ...rest, 'format-version': 2 }
  assert.equal(parse(v2).nextRowId, 0n)
  assert.deepEqual(parseExactJson(formatTableMetadata(parse(v2)), 'test'), parseExactJson(formatExactJson(v2), 'test'))
})

test('what version 1 leaves out is filled in', () => {
  const metadata = parse(FORMER_V1)
  assert.equal(metadata.tableUuid, undefined)
  assert.equal(metadata.currentSchemaId, 0)
  assert.deepEqual(
    metadata.partitionSpecs[0]?.fields.map((field) => field.fieldId),
    [1000, 1001],
  )
  assert.equal(metadata.lastPartitionId, 1001)
  assert.deepEqual(metadata.sortOrders, [{ orderId: 0, fields: [] }])
  assert.deepEqual(metadata.refs, { main: { snapshotId: 7n, type: 'branch' } })
  assert.deepEqual(metadata.snapshots[0]?.manifests, { kind: 'inline', locations: ['s3://b/m.avro'] })
  assert.equal(parse({ ...FORMER_V1, 'partition-spec': [] }).lastPartitionId, 999)
})

test('version 1 is written with the fields its older readers look for', () => {
  const metadata = parse(FORMER_V1)
  const written = JSON.parse(formatTableMetadata(metadata)) as Record<string, unknown>
  assert.deepEqual(written['schema'], SCHEMA)
  assert.deepEqual(written['partition-spec'], [
    { name: 'a', transform: 'identity', 'source-id': 1, 'field-id': 1000 },
    { name: 'b', transform: 'void', 'source-id': 1, 'field-id': 1001 },
  ])
  assert.ok(!('last-sequence-number' in written) && !('next-row-id' in written))
  assert.deepEqual(parseTableMetadata(formatTableMetadata(metadata), 'again'), metadata)
})

test('no current snapshot is -1 before version 3 and null in it', () => {
  const empty = { ...V3, refs: {}, snapshots: [], 'snapshot-log': [], statistics: [], 'partition-statistics': [] }
  for (const none of [-1, null, undefined]) {
    assert.equal(parse({ ...empty, 'current-snapshot-id': none }).currentSnapshotId, undefined)
  }
  assert.match(formatTableMetadata(parse({ ...empty, 'current-snapshot-id': -1 })), /"current-snapshot-id":null/)
  assert.match(
    formatTableMetadata(parse({ ...empty, 'format-version': 2, 'current-snapshot-id': null })),
    /"current-snapshot-id":-1/,
  )
})

test('an operation the spec does not know is kept', () => {
  const odd = structuredClone(FORMER_V1) as { snapshots: Record<string, unknown>[] }
  Object.assign(odd.snapshots[0] ?? {}, { summary: { operation: 'restore', a: 'b' } })
  const metadata = parse(odd)
  assert.equal(metadata.snapshots[0]?.operation, undefined)
  assert.match(formatTableMetadata(metadata), /"summary":\{"operation":"restore","a":"b"\}/)
})

test('keys that are data may have any name', () => {
  const metadata = parse({ ...V3, properties: JSON.parse('{"__proto__":"a","constructor":"b"}') })
  assert.match(formatTableMetadata(metadata), /"properties":\{"__proto__":"a","constructor":"b"\}/)
})

test('gzip is told by its bytes, and written where the name says so', () => {
  const text = formatExactJson(V3)
  assert.deepEqual(parseTableMetadata(gzipSync(text), 'x'), parse(V3))
  assert.deepEqual(parseTableMetadata(Buffer.from(text), 'x'), parse(V3))
  assert.deepEqual(encodeMetadataFile(text, 's3://b/1.metadata.json'), Buffer.from(text))
  for (const name of ['s3://b/1.gz.metadata.json', 's3://b/1.metadata.json.gz']) {
    const bytes = encodeMetadataFile(text, name)
    assert.equal(bytes[0], 0x1f)
    assert.deepEqual(parseTableMetadata(bytes, name), parse(V3))
  }
  assert.throws(
    () => parseTableMetadata(gzipSync(text).subarray(0, 50), 'cut.gz.metadata.json'),
    /cut\.gz\.metadata\.json/,
  )
  assert.throws(() => parseTableMetadata(new Uint8Array([0xff, 0xfe]), 'x'), /neither UTF-8 text nor such text in gzip/)
})

test('locations lose trailing slashes but not their scheme', () => {
  assert.equal(stripTrailingSlash('s3://bucket/t//'), 's3://bucket/t')
  assert.equal(stripTrailingSlash('file:///'), 'file://')
  assert.equal(stripTrailingSlash('/'), '/')
  assert.equal(parse({ ...V3, location: '/a/b/' }).location, '/a/b')
})

test('newer format versions are refused with the remedy', () => {
  assert.equal(
    problem({ ...V3, 'format-version': 4 }),
    'unsupported v9.metadata.json: format version 4 is newer than 3, the newest this version of Moraine reads and writes; upgrade Moraine',
  )
})

test('missing and contradictory fields are named', () => {
  for (const key of [
    'format-version',
    'table-uuid',
    'location',
    'last-sequence-number',
    'last-updated-ms',
    'last-column-id',
    'current-schema-id',
    'schemas',
    'default-spec-id',
    'partition-specs',
    'last-partition-id',
    'default-sort-order-id',
    'sort-orders',
    'next-row-id',
  ]) {
    assert.equal(problem({ ...V3, [key]: undefined }), `corrupt v9.metadata.json: ${key} is missing`)
  }
  const cases: readonly (readonly [object, string])[] = [
    [{ 'format-version': 0 }, 'format-version is 0'],
    [{ 'last-sequence-number': 2n ** 53n }, 'last-sequence-number is not an integer below 2^53'],
    [{ 'last-sequence-number': 33 }, 'snapshots[1].sequence-number is 34, above last-sequence-number 33'],
    [{ 'current-schema-id': 5 }, 'current-schema-id is 5, which is not in schemas'],
    [{ 'default-spec-id': 5 }, 'default-spec-id is 5, which is not in partition-specs'],
    [{ 'default-sort-order-id': 5 }, 'default-sort-order-id is 5, which is not in sort-orders'],
    [{ schemas: [SCHEMA, SCHEMA] }, 'schemas has the id 0 twice'],
    [
      { 'sort-orders': [{ 'order-id': 1, fields: [] }] },
      'sort-orders[0].order-id is 1 with 0 fields; 0 is the unsorted order',
    ],
    [
      { schemas: [{ ...SCHEMA, fields: [...SCHEMA.fields, ...SCHEMA.fields] }] },
      'schemas is wrong: schema 0 has the name id in one struct twice',
    ],
    [{ 'current-snapshot-id': 1 }, `refs.main is ${ID}, but current-snapshot-id is 1`],
    [{ 'current-snapshot-id': -1 }, `refs.main is ${ID}, but current-snapshot-id is absent`],
    [{ refs: { tag: { 'snapshot-id': 8, type: 'tag' } } }, 'refs.tag is at snapshot 8, which is not in snapshots'],
    [{ refs: { tag: { 'snapshot-id': 1, type: 'label' } } }, 'refs.tag.type is neither branch nor tag'],
    [
      { 'partition-specs': [{ 'spec-id': 1, fields: [SPEC_FIELD, { ...SPEC_FIELD, 'field-id': undefined }] }] },
      'partition-specs[0].fields has ids for some of its fields only',
    ],
    [{ properties: { a: 1 } }, 'properties.a is not text'],
    [{ snapshots: [{ 'snapshot-id': 1, 'timestamp-ms': 1 }] }, 'snapshots[0].manifest-list is missing'],
  ]
  for (const [change, message] of cases) {
    assert.equal(problem({ ...V3, ...change }), `corrupt v9.metadata.json: ${message}`)
  }
  assert.equal(problem([]), 'corrupt v9.metadata.json: the document is not an object')
})

test('an age beyond every number is for ever', () => {
  const refs = { main: V3.refs.main, t: { 'snapshot-id': 1, type: 'tag', 'max-ref-age-ms': 2n ** 63n - 1n } }
  assert.equal(parse({ ...V3, refs }).refs['t']?.maxRefAgeMs, Number.MAX_SAFE_INTEGER)
})

test('mutilated metadata is metadata or a MoraineError', () => {
  const values = fc.constantFrom<JsonValue>(null, true, -1, 0, 2, 1.5, 2n ** 70n, 'x', '', [], {}, [{}], { a: {} })
  for (const original of [V3, FORMER_V1]) {
    const text = formatExactJson(original)
    fc.assert(
      fc.property(fc.nat(160), values, (position, value) => {
        let left = position
        const mutilated = JSON.parse(text, (_key, item: JsonValue) => {
          left -= 1
          return left === -1 ? value : item
        }) as JsonValue
        parseOrMoraineError(formatExactJson(mutilated))
      }),
      { numRuns: 400 },
    )
  }
})

test('mutilated bytes are metadata or a MoraineError', () => {
  const bytes = gzipSync(formatExactJson(FORMER_V1))
  const plain = Buffer.from(formatExactJson(V3))
  fc.assert(
    fc.property(fc.boolean(), fc.nat(), fc.nat(255), (zipped, position, byte) => {
      const copy = Uint8Array.from(zipped ? bytes : plain)
      copy[position % copy.length] = byte
      parseOrMoraineError(copy)
    }),
    { numRuns: 400 },
  )
})

function parseOrMoraineError(file: string | Uint8Array): void {
  try {
    formatTableMetadata(parseTableMetadata(file, 'test'))
  } catch (error) {
    assert.ok(error instanceof MoraineError, String(error))
  }
}
