import assert from 'node:assert/strict'
import { test } from 'node:test'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { newTableMetadata } from '@moraine/iceberg/metadata/new-table-metadata'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { encodeLoadedTable } from './loaded-table.ts'
import { serveIcebergRest } from './testing/serve-iceberg-rest.ts'

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

test('what a client knows of a dropped table is not taken for the table that is in its folder now', async () => {
  const io = memoryFileIO()
  const catalog = filesystemCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    io,
    clock: systemClock,
    random: systemRandom,
    onLeftover: () => {},
  })
  const server = await serveIcebergRest({ findCatalog: findAmong({ lake: buildOpened(catalog, { io }) }) })
  const orders = { namespace: ['sales'], name: 'orders' }
  await catalog.createNamespace(orders.namespace)
  const former = await catalog.createTable(orders, { schema: metadata.schemas[0] ?? assert.fail() })
  const load = (known?: unknown) =>
    server.inject({
      url: '/v1/catalogs/lake/namespaces/sales/tables/orders',
      ...(known !== undefined && { headers: { 'if-none-match': String(known) } }),
    })
  const { etag } = (await load()).headers
  assert.equal((await load(etag)).statusCode, 304)
  // As Hadoop's catalog does it: the folder goes, and the next table begins with the first version.
  await io.remove([former.metadataLocation])
  const other = { ...former.metadata, tableUuid: 'c0ffee00-677c-4bbd-a479-3f349cb785e7' }
  await io.write(former.metadataLocation, Buffer.from(formatTableMetadata(other)), {})
  const now = await load(etag)
  assert.equal(now.statusCode, 200)
  assert.match(now.body, /c0ffee00/)
  assert.equal((await load(now.headers.etag)).statusCode, 304)
})
