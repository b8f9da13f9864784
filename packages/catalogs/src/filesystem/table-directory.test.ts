import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { seededRandom } from '@moraine/stdx/random'
import { createSalesOrders, ORDERS } from '@moraine/testkit/conformance/catalog-samples'
import { type MemoryFileIO, memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { TableCommit } from '../catalog.ts'
import { filesystemCatalog } from './filesystem-catalog.ts'
import { openTableDirectory } from './table-directory.ts'

const TABLE = 's3://b/wh/sales/orders'
const COMMENT: TableCommit = { requirements: [], updates: [{ action: 'set-properties', updates: { comment: 'x' } }] }

function storeOf(io: MemoryFileIO) {
  return {
    io,
    clock: systemClock,
    random: seededRandom(1),
    onLeftover: (error: unknown) => assert.fail(String(error)),
  }
}

/** A table of two versions. */
async function makeTable() {
  const io = memoryFileIO()
  const catalog = filesystemCatalog({ name: 'lake', warehouse: 's3://b/wh', ...storeOf(io) })
  await createSalesOrders({ catalog })
  await catalog.commitTable(ORDERS, COMMENT)
  return { io, catalog }
}

for (const [what, location] of [
  ['a folder', TABLE],
  ['a folder with a slash', `${TABLE}/`],
  ['the file of the current version', `${TABLE}/metadata/v2.metadata.json`],
] as const) {
  test(`${what} opens the table, which takes commits and follows those of others`, async () => {
    const { io, catalog } = await makeTable()
    const opened = await openTableDirectory(storeOf(io), location)
    assert.deepEqual(opened.identifier, { namespace: [], name: 'orders' })
    assert.equal(opened.readOnly, undefined)
    const loaded = await opened.loadTable(opened.identifier)
    assert.equal(loaded.metadataLocation, `${TABLE}/metadata/v2.metadata.json`)

    await catalog.commitTable(ORDERS, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { a: '1' } }],
    })
    assert.equal((await opened.loadTable(opened.identifier)).metadata.properties['a'], '1')
    const outcome = await opened.commitTable(opened.identifier, {
      requirements: [],
      updates: [{ action: 'set-properties', updates: { b: '2' } }],
    })
    assert.equal(outcome.kind, 'committed')
    assert.equal(await catalog.findMetadataLocation(ORDERS), `${TABLE}/metadata/v4.metadata.json`)
    assert.equal(await opened.findMetadataLocation(opened.identifier), `${TABLE}/metadata/v4.metadata.json`)
  })
}

async function isReadOnly(io: MemoryFileIO, location: string, reason: RegExp): Promise<void> {
  const opened = await openTableDirectory(storeOf(io), location)
  assert.match(opened.readOnly ?? '', reason)
  const loaded = await opened.loadTable(opened.identifier)
  const before = [...io.locations()]
  await assert.rejects(opened.commitTable(opened.identifier, COMMENT), (error) => {
    assert.ok(isKind(error, 'unsupported'))
    assert.match(error.message, reason)
    return true
  })
  assert.deepEqual([...io.locations()], before)
  assert.deepEqual(await opened.loadTable(opened.identifier), loaded)
}

test('the file of an older version is the table as it was, to be read only', async () => {
  const { io } = await makeTable()
  await isReadOnly(io, `${TABLE}/metadata/v1.metadata.json`, /version 1 is not the current one.*v2\.metadata\.json/)
  const old = await openTableDirectory(storeOf(io), `${TABLE}/metadata/v1.metadata.json`)
  assert.equal((await old.loadTable(old.identifier)).metadata.properties['comment'], undefined)
})

test("a file of another catalog's layout is to be read only", async () => {
  const { io } = await makeTable()
  const file = `${TABLE}2/metadata/00003-0a1b.metadata.json`
  await io.write(file, await io.read(`${TABLE}/metadata/v2.metadata.json`))
  await isReadOnly(io, file, /through its catalog/)
})

test("a folder of another catalog's layout is its newest metadata file, to be read only, and says so", async () => {
  const { io } = await makeTable()
  const folder = `${TABLE}2`
  for (const name of ['00009-ff.metadata.json', '00010-0a.metadata.json', '00002-zz.metadata.json', 'snap-1.avro'])
    await io.write(`${folder}/metadata/${name}`, await io.read(`${TABLE}/metadata/v2.metadata.json`))
  await isReadOnly(io, folder, /belongs to a catalog/)
  const opened = await openTableDirectory(storeOf(io), folder)
  assert.match(opened.note ?? '', /00010-0a\.metadata\.json, its newest metadata file/)
  assert.match((await opened.loadTable(opened.identifier)).metadataLocation, /00010-0a/)
})

test('a table that was copied is to be read only, since its files are those of the original', async () => {
  const { io } = await makeTable()
  await io.write('s3://b/copy/metadata/v5.metadata.json', await io.read(`${TABLE}/metadata/v2.metadata.json`))
  await isReadOnly(io, 's3://b/copy', /v\d+.metadata.json says that the table is at s3:\/\/b\/wh\/sales\/orders/)
})

test('one store under several schemes is one place', async () => {
  const { io } = await makeTable()
  for (const name of ['v1.metadata.json', 'v2.metadata.json', 'version-hint.text']) {
    await io.write(`s3a://b/wh/sales/orders/metadata/${name}`, await io.read(`${TABLE}/metadata/${name}`))
  }
  assert.equal((await openTableDirectory(storeOf(io), 's3a://b/wh/sales/orders')).readOnly, undefined)
})

test('what is no table says what was looked for', async () => {
  await assert.rejects(openTableDirectory(storeOf(memoryFileIO()), '/nowhere/t'), (error) => {
    assert.ok(isKind(error, 'not-found'))
    assert.match(error.message, /no Iceberg table at \/nowhere\/t: \/nowhere\/t\/metadata/)
    return true
  })
})

test('a damaged version names the file', async () => {
  const { io } = await makeTable()
  await io.write(`${TABLE}/metadata/v3.metadata.json`, new TextEncoder().encode('{"format-version": 2,'))
  await assert.rejects(openTableDirectory(storeOf(io), TABLE), (error) => {
    assert.ok(isKind(error, 'corrupt'))
    assert.match(error.message, /v3\.metadata\.json/)
    return true
  })
})
