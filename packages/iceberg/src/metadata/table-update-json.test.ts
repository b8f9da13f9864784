import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { formatExactJson, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import type { TableRequirement } from './table-requirement.ts'
import { decodeTableRequirement, encodeTableRequirement } from './table-requirement-json.ts'
import type { TableUpdate } from './table-update.ts'
import { decodeTableUpdate, encodeTableUpdate } from './table-update-json.ts'
import { exampleTable, id, SCHEMA, snapshotOn } from './testing/example-table.ts'

const PLACE = { document: 'request', kind: 'invalid-input' } as const
const BIG = id(9_223_372_036_854_775_807n)

const STATISTICS = { snapshotId: BIG, statisticsPath: 's', fileSizeBytes: 2, footerSizeBytes: 1, blobs: [] }

const UPDATES: readonly (readonly [TableUpdate, string])[] = [
  [{ action: 'assign-uuid', uuid: 'u' }, '{"action":"assign-uuid","uuid":"u"}'],
  [{ action: 'upgrade-format-version', formatVersion: 3 }, '{"action":"upgrade-format-version","format-version":3}'],
  [
    { action: 'add-schema', schema: { ...SCHEMA, fields: SCHEMA.fields.slice(0, 1) } },
    '{"action":"add-schema","schema":{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":true,"type":"long"}]}}',
  ],
  [{ action: 'set-current-schema', schemaId: -1 }, '{"action":"set-current-schema","schema-id":-1}'],
  [
    {
      action: 'add-spec',
      spec: { specId: 3, fields: [{ fieldId: 1000, name: 'd', sourceIds: [2], transform: { kind: 'day' } }] },
    },
    '{"action":"add-spec","spec":{"spec-id":3,"fields":[{"name":"d","transform":"day","source-id":2,"field-id":1000}]}}',
  ],
  [{ action: 'set-default-spec', specId: -1 }, '{"action":"set-default-spec","spec-id":-1}'],
  [
    {
      action: 'add-sort-order',
      sortOrder: {
        orderId: 1,
        fields: [
          { sourceIds: [1, 2], transform: { kind: 'unknown', text: 'z' }, direction: 'asc', nullOrder: 'nulls-last' },
        ],
      },
    },
    '{"action":"add-sort-order","sort-order":{"order-id":1,"fields":[{"transform":"z","source-ids":[1,2],"direction":"asc","null-order":"nulls-last"}]}}',
  ],
  [{ action: 'set-default-sort-order', sortOrderId: 1 }, '{"action":"set-default-sort-order","sort-order-id":1}'],
  [
    { action: 'add-snapshot', snapshot: snapshotOn(exampleTable(3), 5n, { snapshotId: BIG }) },
    '{"action":"add-snapshot","snapshot":{"sequence-number":1,"snapshot-id":9223372036854775807,"timestamp-ms":1700000001000,' +
      '"summary":{"operation":"append"},"manifest-list":"s3://bucket/db/t/metadata/snap-5.avro","schema-id":0,"first-row-id":0,"added-rows":10}}',
  ],
  [
    { action: 'set-snapshot-ref', refName: 'b', ref: { snapshotId: BIG, type: 'branch', minSnapshotsToKeep: 2 } },
    '{"action":"set-snapshot-ref","ref-name":"b","snapshot-id":9223372036854775807,"type":"branch","min-snapshots-to-keep":2}',
  ],
  [{ action: 'remove-snapshot-ref', refName: 'b' }, '{"action":"remove-snapshot-ref","ref-name":"b"}'],
  [
    { action: 'remove-snapshots', snapshotIds: [id(1n), BIG] },
    '{"action":"remove-snapshots","snapshot-ids":[1,9223372036854775807]}',
  ],
  [{ action: 'set-location', location: 'l' }, '{"action":"set-location","location":"l"}'],
  [{ action: 'set-properties', updates: { a: 'b' } }, '{"action":"set-properties","updates":{"a":"b"}}'],
  [{ action: 'remove-properties', removals: ['a'] }, '{"action":"remove-properties","removals":["a"]}'],
  [
    { action: 'set-statistics', statistics: STATISTICS },
    '{"action":"set-statistics","snapshot-id":9223372036854775807,"statistics":{"snapshot-id":9223372036854775807,' +
      '"statistics-path":"s","file-size-in-bytes":2,"file-footer-size-in-bytes":1,"blob-metadata":[]}}',
  ],
  [
    { action: 'remove-statistics', snapshotId: BIG },
    '{"action":"remove-statistics","snapshot-id":9223372036854775807}',
  ],
  [
    {
      action: 'set-partition-statistics',
      partitionStatistics: { snapshotId: id(1n), statisticsPath: 'p', fileSizeBytes: 3 },
    },
    '{"action":"set-partition-statistics","partition-statistics":{"snapshot-id":1,"statistics-path":"p","file-size-in-bytes":3}}',
  ],
  [
    { action: 'remove-partition-statistics', snapshotId: id(1n) },
    '{"action":"remove-partition-statistics","snapshot-id":1}',
  ],
  [{ action: 'remove-partition-specs', specIds: [1] }, '{"action":"remove-partition-specs","spec-ids":[1]}'],
  [{ action: 'remove-schemas', schemaIds: [2] }, '{"action":"remove-schemas","schema-ids":[2]}'],
  [
    { action: 'add-encryption-key', encryptionKey: { keyId: 'k', encryptedKeyMetadata: 'AA==' } },
    '{"action":"add-encryption-key","encryption-key":{"key-id":"k","encrypted-key-metadata":"AA=="}}',
  ],
  [{ action: 'remove-encryption-key', keyId: 'k' }, '{"action":"remove-encryption-key","key-id":"k"}'],
]

const REQUIREMENTS: readonly (readonly [TableRequirement, string])[] = [
  [{ type: 'assert-create' }, '{"type":"assert-create"}'],
  [{ type: 'assert-table-uuid', uuid: 'u' }, '{"type":"assert-table-uuid","uuid":"u"}'],
  [
    { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: BIG },
    '{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":9223372036854775807}',
  ],
  [{ type: 'assert-ref-snapshot-id', ref: 'b' }, '{"type":"assert-ref-snapshot-id","ref":"b","snapshot-id":null}'],
  [
    { type: 'assert-last-assigned-field-id', lastAssignedFieldId: 1 },
    '{"type":"assert-last-assigned-field-id","last-assigned-field-id":1}',
  ],
  [
    { type: 'assert-current-schema-id', currentSchemaId: 1 },
    '{"type":"assert-current-schema-id","current-schema-id":1}',
  ],
  [
    { type: 'assert-last-assigned-partition-id', lastAssignedPartitionId: 1 },
    '{"type":"assert-last-assigned-partition-id","last-assigned-partition-id":1}',
  ],
  [{ type: 'assert-default-spec-id', defaultSpecId: 1 }, '{"type":"assert-default-spec-id","default-spec-id":1}'],
  [
    { type: 'assert-default-sort-order-id', defaultSortOrderId: 1 },
    '{"type":"assert-default-sort-order-id","default-sort-order-id":1}',
  ],
]

function decode(json: string): TableUpdate {
  return decodeTableUpdate(parseExactJson(json, 'request'), PLACE)
}

test('every update has its form on the wire', () => {
  for (const [update, json] of UPDATES) {
    assert.equal(formatExactJson(encodeTableUpdate(update)), json)
    assert.deepEqual(decode(json), update)
  }
})

test('every requirement has its form on the wire', () => {
  for (const [requirement, json] of REQUIREMENTS) {
    assert.equal(formatExactJson(encodeTableRequirement(requirement)), json)
    assert.deepEqual(decodeTableRequirement(parseExactJson(json, 'request'), PLACE), requirement)
  }
})

test('former names and forms are understood', () => {
  assert.deepEqual(decode('{"action":"set-properties","updated":{"a":"b"}}'), {
    action: 'set-properties',
    updates: { a: 'b' },
  })
  assert.deepEqual(decode('{"action":"set-properties","updated":{"a":"b"},"updates":{"c":"d"}}'), {
    action: 'set-properties',
    updates: { c: 'd' },
  })
  assert.deepEqual(decode('{"action":"remove-properties","removed":["a"]}'), {
    action: 'remove-properties',
    removals: ['a'],
  })
  const statistics =
    '{"snapshot-id":1,"statistics-path":"s","file-size-in-bytes":2,"file-footer-size-in-bytes":1,"blob-metadata":[]}'
  const plain = { action: 'set-statistics', statistics: { ...STATISTICS, snapshotId: 1n } }
  assert.deepEqual(decode(`{"action":"set-statistics","statistics":${statistics}}`), plain)
  assert.deepEqual(decode(`{"action":"set-statistics","snapshot-id":1,"statistics":${statistics}}`), plain)
  assert.equal(
    problem(`{"action":"set-statistics","snapshot-id":2,"statistics":${statistics}}`),
    'request: snapshot-id is 2, but the statistics are of 1',
  )
  assert.deepEqual(decode('{"action":"ADD-SPEC","spec":{"fields":[{"source-id":1,"transform":"day","name":"d"}]}}'), {
    action: 'add-spec',
    spec: { fields: [{ name: 'd', transform: { kind: 'day' }, sourceIds: [1] }] },
  })
})

test('a spec goes out with an id, since some servers want one', () => {
  assert.equal(
    formatExactJson(encodeTableUpdate({ action: 'add-spec', spec: { fields: [] } })),
    '{"action":"add-spec","spec":{"spec-id":0,"fields":[]}}',
  )
})

test('what is wrong with a request is named', () => {
  assert.equal(problem('{}'), 'request: action is missing')
  assert.equal(
    problem('{"action":"add-view-version"}'),
    'request: action is add-view-version, which is no update of a table',
  )
  assert.equal(problem('{"action":"constructor"}'), 'request: action is constructor, which is no update of a table')
  assert.equal(problem('{"action":"set-properties"}'), 'request: updates is missing')
  assert.equal(
    problem('{"action":"remove-snapshots","snapshot-ids":[1.5]}'),
    'request: snapshot-ids[0] is not an integer of 64 bits',
  )
  assert.throws(
    () => decodeTableRequirement({ type: 'assert-view-uuid' } as JsonValue, PLACE),
    (error) => isKind(error, 'invalid-input') && /type is assert-view-uuid/.test(error.message),
  )
})

function problem(json: string): string {
  try {
    decode(json)
    return 'accepted'
  } catch (error) {
    assert.ok(isKind(error, 'invalid-input'))
    return error.message
  }
}
