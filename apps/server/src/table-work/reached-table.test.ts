import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog, LoadedTable } from '@moraine/catalogs/catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { copyFixture } from '@moraine/testkit/fixtures/fixture-table'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { tableFileIO } from '../access/table-file-io.ts'
import type { KeepOut } from '../catalogs/keep-out.ts'
import { tableFiles } from '../catalogs/table-files.ts'
import { buildOpened, findAmong } from '../catalogs/testing/build-opened.ts'
import { serveIcebergRest } from '../iceberg-rest/testing/serve-iceberg-rest.ts'
import { ioOfTable, reachTable } from './reached-table.ts'

const IDENTIFIER = { namespace: ['db'], name: 't' }
const VENDED = { 's3.access-key-id': 'vended' }

/** A table whose files open to nobody but who has the keys that its catalog vends with it. */
async function vendedTable() {
  const { fileIO: objects, metadataLocation } = await copyFixture('v2-position-deletes', memoryFileIO(), '/copy')
  const metadata = parseTableMetadata(await objects.read(metadataLocation), metadataLocation)
  const refuse = async (): Promise<never> => {
    throw new MoraineError('permission', 'no keys are registered')
  }
  const io = { ...objects, read: refuse, readRange: refuse, stat: refuse }
  let asked = 0
  const files = tableFiles({
    async loadStorage() {
      asked += 1
      return { location: metadata.location, properties: VENDED }
    },
    own: {},
    io,
    open: (settings) => (settings['s3.access-key-id'] === 'vended' ? objects : io),
    clock: virtualClock(),
    onLate: () => assert.fail('nothing is late'),
  })
  const table: LoadedTable = { identifier: IDENTIFIER, metadata, metadataLocation, storageProperties: VENDED }
  return { opened: { io, files }, table, asked: () => asked }
}

test('a table is read with what came with it from its catalog, and in its own places', async () => {
  const { opened, table, asked } = await vendedTable()
  const io = ioOfTable(opened, table)
  assert.ok((await io.read(table.metadataLocation)).length > 0)
  assert.equal(asked(), 0, 'it came with the table')
  const bounded = tableFileIO(io, { ...table.metadata, location: '/elsewhere' })
  await assert.rejects(bounded.read(table.metadataLocation), (error) => isKind(error, 'permission'))
  await assert.rejects(ioOfTable(opened, undefined).read(table.metadataLocation), (error) =>
    isKind(error, 'permission'),
  )
})

test('scans of tables whose catalog vends are planned', async () => {
  const { opened, table } = await vendedTable()
  const far = filesystemCatalog({
    ...{ name: 'far', warehouse: '/none', io: opened.io, clock: virtualClock(), random: seededRandom(1) },
    onLeftover: () => assert.fail('nothing is left behind'),
  })
  const server = await serveIcebergRest({
    findCatalog: async () => buildOpened({ ...far, loadTable: async () => table }, opened),
  })
  const url = '/v1/catalogs/far/namespaces/db/tables/t/plan'
  const { statusCode, body } = await server.inject({ method: 'POST', url, payload: {} })
  assert.equal(statusCode, 200, body)
  assert.ok(JSON.parse(body)['file-scan-tasks'].length > 0, body)
})

test('a table of others at the place of one of ours is neither reached nor read', async () => {
  const { opened, table } = await vendedTable()
  const keepOut: KeepOut = {
    async checkTable({ location }) {
      assert.equal(location, table.metadata.location)
      throw new MoraineError('permission', 'it is ours')
    },
    checkFiles: async () => undefined,
  }
  const ours = (error: unknown) => isKind(error, 'permission') && error.message === 'it is ours'
  const catalog = { name: 'far', loadTable: async () => table } as unknown as Catalog
  const find = findAmong({ far: buildOpened(catalog, { ...opened, keepOut }) })
  const reached = await reachTable(find, { catalog: 'far', ...IDENTIFIER }, undefined)
  assert.equal(reached.keepOut, keepOut)
  await assert.rejects(reached.store.loadTable(IDENTIFIER), ours)
  const io = ioOfTable({ ...opened, keepOut }, table)
  await assert.rejects(io.read(table.metadataLocation), ours)
  await assert.rejects(io.readRange(table.metadataLocation, 0, 1), ours)
})
