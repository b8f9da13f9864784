import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newTableMetadata } from '@moraine/iceberg/metadata/new-table-metadata'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { EpochMs } from '@moraine/stdx/brand'
import { encodeLoadedTable } from './loaded-table.ts'

const metadata = newTableMetadata({
  schema: {
    schemaId: 0,
    identifierFieldIds: [],
    fields: [{ id: 1, name: 'é', required: false, type: { kind: 'long' } }],
  },
  location: 's3://b/t',
  properties: {},
  uuid: 'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  now: 0 as EpochMs,
})
const table = { identifier: { namespace: ['a'], name: 't' }, metadata, metadataLocation: 's3://b/"x".json' }

test('who loads one state of a table is given the same bytes as all others', () => {
  const handed = { config: { 's3.access-key-id': 'me' }, credentials: [], tag: 'x' }
  const [mine, yours, secret] = [
    encodeLoadedTable(table, 'all'),
    encodeLoadedTable({ ...table, metadataLocation: 's3://c' }, 'all'),
    encodeLoadedTable(table, 'all', handed),
  ]
  assert.equal(mine[1], yours[1])
  assert.equal(mine[1], secret[1])
  assert.notEqual(encodeLoadedTable(table, 'refs')[1], mine[1])
  assert.equal(encodeLoadedTable(table, 'refs')[1], encodeLoadedTable(table, 'refs')[1])
  const text = Buffer.concat([...mine]).toString()
  assert.equal(text, `{"metadata-location":"s3://b/\\"x\\".json","metadata":${formatTableMetadata(metadata)}}`)
  const { config } = JSON.parse(Buffer.concat([...secret]).toString()) as { readonly config: unknown }
  assert.deepEqual(config, handed.config)
})
