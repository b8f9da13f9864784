import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTableMetadata } from '@moraine/iceberg/metadata/new-table-metadata'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { IcebergType } from '@moraine/iceberg/schema/type'
import type { EpochMs } from '@moraine/stdx/brand'
import { structField, structOf, structsOf, type ThriftStruct } from '@moraine/thrift/thrift-tree'
import { hiveColumns } from './hive-columns.ts'
import { nextParameters } from './hive-parameters.ts'
import { parametersField, SerdeField, StorageField, TableField, textField } from './hive-struct.ts'
import { newHiveTable, withState } from './hive-table.ts'

const schema: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' }, doc: 'the key' },
    { id: 2, name: 'at', required: false, type: { kind: 'timestamptz' } },
  ],
}

const metadata: TableMetadata = {
  ...newTableMetadata({
    schema,
    spec: { fields: [{ sourceIds: [2], name: 'day', transform: { kind: 'day' } }] },
    location: 's3://b/t',
    properties: { a: '1', 'gc.enabled': 'false', 'hive.metastore.table.owner': 'ann', EXTERNAL: 'FALSE' },
    uuid: '00000000-0000-4000-8000-000000000001',
    now: 5 as EpochMs,
  }),
  currentSnapshotId: 9223372036854775807n as SnapshotId,
  snapshots: [
    {
      snapshotId: 9223372036854775807n as SnapshotId,
      sequenceNumber: 1,
      timestampMs: 1000 as EpochMs,
      manifests: { kind: 'list', location: 's3://b/t/metadata/l.avro' },
      operation: 'append',
      summary: { 'total-records': '7', 'total-data-files': '2', 'total-files-size': '99' },
    },
  ],
}
const metadataLocation = 's3://b/t/metadata/00001-x.metadata.json'
const next = { metadata, metadataLocation, isHiveEnabled: false, parameterLengthMax: 32_672 }

test('a new table has the parameters that the reference implementation sets', () => {
  const {
    'current-schema': json = '',
    'default-partition-spec': spec,
    ...rest
  } = Object.fromEntries(
    nextParameters(new Map([['EXTERNAL', 'TRUE']]), { ...next, metadata: { ...metadata, properties: { a: '1' } } }),
  )
  assert.deepEqual(rest, {
    EXTERNAL: 'TRUE',
    a: '1',
    uuid: '00000000-0000-4000-8000-000000000001',
    table_type: 'ICEBERG',
    metadata_location: metadataLocation,
    'current-snapshot-id': '9223372036854775807',
    'current-snapshot-timestamp-ms': '1000',
    'current-snapshot-summary': '{"total-records":"7","total-data-files":"2","total-files-size":"99"}',
    'snapshot-count': '1',
    numRows: '7',
    numFiles: '2',
    totalSize: '99',
    DO_NOT_UPDATE_STATS: 'true',
  })
  assert.deepEqual((JSON.parse(json) as { fields: unknown[] }).fields.length, 2)
  assert.equal(spec, '{"spec-id":0,"fields":[{"name":"day","transform":"day","source-id":2,"field-id":1000}]}')
})

test('a commit changes what it must and leaves the rest', () => {
  const current = new Map([
    ['mine', 'kept'],
    ['gone', 'x'],
    ['storage_handler', 'old'],
    ['COLUMN_STATS_ACCURATE', '{}'],
    ['current-snapshot-summary', 'too long now'],
  ])
  const base = {
    metadata: { ...metadata, properties: { gone: 'x' } },
    metadataLocation: 's3://b/t/metadata/00000-w.metadata.json',
  }
  const after = nextParameters(current, { ...next, base, parameterLengthMax: 40 })
  assert.deepEqual(
    ['mine', 'gone', 'storage_handler', 'COLUMN_STATS_ACCURATE', 'current-snapshot-summary', 'current-schema'].map(
      (key) => after.get(key),
    ),
    ['kept', undefined, undefined, undefined, undefined, undefined],
  )
  assert.equal(after.get('previous_metadata_location'), base.metadataLocation)
  assert.deepEqual([after.get('external.table.purge'), after.get('gc.enabled')], ['false', undefined])
  assert.equal(after.get('hive.metastore.table.owner'), undefined)
  const nothing = nextParameters(current, { ...next, base, parameterLengthMax: 0 })
  assert.deepEqual([nothing.get('current-snapshot-id'), nothing.get('snapshot-count')], [undefined, '1'])
})

test('Hive itself reads the table only if it is asked to', () => {
  const serdeOf = (table: ThriftStruct) => {
    const storage = structField(table, TableField.storage) ?? structOf({})
    return textField(structField(storage, StorageField.serde) ?? structOf({}), SerdeField.library)
  }
  const about = { user: 'me', now: 2000 as EpochMs }
  const plain = newHiveTable({ namespace: ['db'], name: 't' }, next, about)
  assert.equal(serdeOf(plain), 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe')
  assert.equal(textField(plain, TableField.owner), 'ann')
  const read = withState(plain, { ...next, isHiveEnabled: true })
  assert.equal(serdeOf(read), 'org.apache.iceberg.mr.hive.HiveIcebergSerDe')
  const handler = 'org.apache.iceberg.mr.hive.HiveIcebergStorageHandler'
  assert.equal(parametersField(read, TableField.parameters).get('storage_handler'), handler)
  const columns = structsOf(structField(read, TableField.storage) ?? structOf({}), StorageField.columns)
  assert.deepEqual(
    columns.map((column) => [textField(column, 1), textField(column, 2), textField(column, 3)]),
    [
      ['id', 'bigint', 'the key'],
      ['at', 'timestamp with local time zone', undefined],
    ],
  )
})

test('columns are in the types of Hive', () => {
  const field = (id: number, type: IcebergType) => ({ id, name: `f${id}`, required: false, type })
  const typeOf = (type: IcebergType) =>
    hiveColumns({ schemaId: 0, identifierFieldIds: [], fields: [field(1, type)] })[0]?.type
  const nested: IcebergType = {
    kind: 'struct',
    fields: [
      field(2, { kind: 'list', elementId: 3, elementRequired: false, element: { kind: 'uuid' } }),
      field(4, {
        kind: 'map',
        keyId: 5,
        key: { kind: 'string' },
        valueId: 6,
        valueRequired: false,
        value: { kind: 'decimal', precision: 9, scale: 2 },
      }),
    ],
  }
  assert.equal(typeOf(nested), 'struct<f2:array<string>,f4:map<string,decimal(9,2)>>')
  const simple = [
    'boolean',
    'int',
    'float',
    'double',
    'date',
    'time',
    'timestamp_ns',
    'binary',
    'variant',
    'unknown',
  ] as const
  assert.deepEqual(
    simple.map((kind) => typeOf({ kind })),
    ['boolean', 'int', 'float', 'double', 'date', 'string', 'timestamp', 'binary', 'binary', 'string'],
  )
  assert.equal(typeOf({ kind: 'fixed', length: 4 }), 'binary')
})

test('a type that clients of Hive write in two ways stays as it is', () => {
  const typesAfter = (...types: readonly string[]) => {
    const current = types.map((type, at) => ({ name: ['ID', 'at'][at] ?? '', type }))
    return hiveColumns(schema, current).map(({ type }) => type)
  }
  assert.deepEqual(typesAfter('bigint', 'timestamp'), ['bigint', 'timestamp'])
  assert.deepEqual(typesAfter('int', 'string'), ['bigint', 'timestamp with local time zone'])
})
