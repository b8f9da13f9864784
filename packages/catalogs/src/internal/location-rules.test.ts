import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { internalCatalog } from './internal-catalog.ts'
import { checkFolder, checkMove, checkPlace, type LocationRules } from './location-rules.ts'

const { pointers: POINTERS, drops: DROPS } = memoryCatalogs()
await POINTERS.addNamespace('lake', ['sales'], {})
for (const [name, metadata, ...places] of [
  ['orders', 's3://b/wh/sales/orders/metadata', 's3://b/wh/sales/orders'],
  ['er', 's3://b/wh/sales/deep/er/meta', 's3://b/wh/sales/deep/er', 's3://b/wh/sales-data'],
  ['metadata', 's3://b/wh/eu/metadata/metadata', 's3://b/wh/eu/metadata'],
  ['old', 's3://b/wh/metadata/old/metadata'],
] as const) {
  const metadataLocation = `${metadata}/00000-x.metadata.json`
  const pointer = { kind: 'table', catalog: 'lake', namespace: ['sales'], name, metadataLocation } as const
  await POINTERS.addPointer({ ...pointer, ...(places.length > 0 && { places }) })
}
const RULES: LocationRules = {
  warehouse: 's3://b/wh',
  allowsExternal: false,
  neighbours: {
    under: (folders, except) => DROPS.findPointerUnder(folders, except),
    around: (folders, except) => DROPS.findPointerAround(folders, except),
  },
}
const IDENTIFIER = { namespace: ['sales'], name: 'mine' }

function put(location: string, properties = {}, rules: LocationRules = RULES): Promise<unknown> {
  return checkMove(rules, { catalog: 'lake', identifier: IDENTIFIER, after: { location, properties } })
}

async function refused(checking: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(checking, (error) => {
    assert.ok(isKind(error, 'invalid-input'), String(error))
    assert.match(error.message, message)
    return true
  })
}

test('a table lies in the warehouse, and in no other table', async () => {
  await put('s3://b/wh/sales/mine')
  await put('s3a://b/wh/sales/orders2/')
  await put('s3://b/wh/eu/orders')
  await put('s3://b/wh/metadata/t')
  await put(`s3://b/wh/${'é'.repeat(507)}`)
  await put('s3://b/wh/x=1/é', { 'write.data.path': 's3://b/wh/data', 'write.metadata.path': 's3n://b/wh/x=1/é/meta' })
  for (const [location, why] of [
    ['s3://b/wh', /is the warehouse itself/],
    ['s3://b/wh/', /is the warehouse itself/],
    ['s3://b/wh2/t', /outside of the warehouse s3:\/\/b\/wh; .*allow\.external\.table\.location/],
    ['s3://b/w', /outside/],
    ['s3://c/wh/t', /outside/],
    ['s3://b/wh/../t', /without \. and \.\. segments/],
    ['s3://b/wh/./t', /without/],
    ['s3://b/wh/%2E%2e/t', /"%2E"/],
    ['s3://b/wh/a%2fb', /"%2f"/],
    ['s3://b/wh/t?x', /"\?"/],
    ['s3://b/wh/t#x', /"#"/],
    ['s3://b/wh/a\\b', /engines read differently/],
    ['s3://b/wh/a\nb', /engines read differently/],
    ['s3://b/wh//t', /empty segment/],
    ['file:///etc', /outside/],
    ['/b/wh/t', /outside/],
    ['gs://b/wh/t', /outside/],
    ['wh/t', /neither an absolute path nor a URI/],
    ['', /neither/],
    ['s3://b/wh/sales/orders', /is in, or around, that of another table/],
    ['s3a://b/wh/sales/orders/', /another table/],
    ['s3://b/wh/sales/orders/data', /another table/],
    ['s3n://b/wh/sales/deep/er/data/x', /another table/],
    ['s3://b/wh/sales', /another table/],
    ['s3://b/wh/sales/deep', /another table/],
    ['S3://b/wh/sales/orders', /another table/],
    ['s3A://b/wh/sales/deep/er/data', /another table/],
    ['s3://b/wh/sales-data/x', /another table/],
    ['s3://b/wh/eu/metadata/x', /another table/],
    ['s3://b/wh/metadata/old/data', /another table/],
    [`s3://b/wh/${'é'.repeat(508)}`, /^location: ".{100}\.\.\." is longer than the 1024 bytes/],
    [`s3://b/wh/${'/a'.repeat(20_000)}`, /is longer than the 1024 bytes/],
  ] as const) {
    await refused(put(location), why)
  }
})

test('paths of its files are held to the same', async () => {
  for (const key of ['write.data.path', 'write.object-storage.path', 'write.folder-storage.path']) {
    await refused(put('s3://b/wh/t', { [key]: 's3://c/x' }), new RegExp(`^${key}: .*outside`))
    await refused(put('s3://b/wh/t', { [key]: 's3://b/wh/sales/orders/data' }), /another table/)
    await put('s3://b/wh/t', { [key]: '' })
  }
  await refused(put('s3://b/wh/t', { 'write.metadata.path': 's3://b/wh/u' }), /not in the table's location/)
})

test('a warehouse may be a whole bucket, or a folder of the disk', async () => {
  for (const [warehouse, inside, outside] of [
    ['s3://lake', 's3://lake/db/t', 's3://lake2/t'],
    ['file:///w#1', '/w#1/db/t', '/w#12/t'],
    ['/w', 'file:/w/db/t', '/w2/t'],
  ] as const) {
    const rules = { warehouse, allowsExternal: false }
    await put(inside, {}, rules)
    await refused(put(outside, {}, rules), /outside/)
  }
})

test('outside of the warehouse is allowed where the catalog says so, other tables are not', async () => {
  const rules = { ...RULES, allowsExternal: true, warehouse: 's3://elsewhere/wh' }
  await put('s3://c/t', { 'write.metadata.path': 's3://d/meta' }, rules)
  for (const location of ['s3://b/wh/sales', 's3://b/wh/sales/orders', 's3://b/wh/sales/orders/x']) {
    await refused(put(location, {}, rules), /another table/)
  }
  await refused(put('s3://c/%2e%2e/t', {}, rules), /engines read differently/)
})

test('another name of the same store hides no table, and is not taken for the warehouse', async () => {
  const { pointers, drops } = memoryCatalogs()
  await pointers.addNamespace('lake', ['b'], {})
  const location = 'hdfs:///wh/b/gold'
  const metadataLocation = `${location}/metadata/v1.metadata.json`
  const gold = {
    kind: 'table',
    catalog: 'lake',
    namespace: ['b'],
    name: 'gold',
    metadataLocation,
    places: [location],
  } as const
  assert.equal(await pointers.addPointer(gold), 'added')
  const rules: LocationRules = {
    warehouse: 'hdfs://nn:8020/wh',
    allowsExternal: false,
    neighbours: {
      under: (folders, except) => drops.findPointerUnder(folders, except),
      around: (folders, except) => drops.findPointerAround(folders, except),
    },
  }
  await put('hdfs://nn:8020/wh/b/golden', {}, rules)
  for (const at of ['hdfs://nn:8020/wh/b/gold', 'hdfs://nn:8020/wh/b', 'hdfs://nn:8020/wh/b/gold/data']) {
    await refused(put(at, {}, rules), /another table/)
  }
  await refused(put('hdfs://nn:8020/.reserved/.inodes/16390', {}, rules), /second time/)
  // It may as well be another cluster, which nobody may write to by what the catalog was set up for.
  for (const at of ['hdfs:///wh/t', 'hdfs://other:8020/wh/t', 'webhdfs://nn:9870/wh/t']) {
    await refused(put(at, {}, rules), /outside/)
    await put(at, {}, { ...rules, allowsExternal: true })
  }
  await refused(put('hdfs://ns1/wh', {}, { ...rules, allowsExternal: true }), /is the warehouse itself/)
  await refused(put('webhdfs://nn:9870/wh/b/gold', {}, { ...rules, allowsExternal: true }), /another table/)
})

test('what stays as it was is not judged, and a table may not spread over what is around it', async () => {
  const before = { location: 's3://old/t', properties: { 'write.data.path': 's3://old/data' } }
  const change = (after: typeof before) => checkMove(RULES, { catalog: 'lake', identifier: IDENTIFIER, before, after })
  await change(before)
  await change({ ...before, location: 's3://b/wh/t', properties: { 'write.data.path': 's3://b/wh/t/data' } })
  await refused(change({ ...before, location: 's3://b/wh/t' }), /write\.data\.path: .*outside/)
  const within = { ...before, location: 's3://b/wh/a/t' }
  await refused(
    checkMove(RULES, {
      catalog: 'lake',
      identifier: IDENTIFIER,
      before: within,
      after: { ...within, location: 's3://b/wh/a' },
    }),
    /around that of the table/,
  )
})

test('a namespace may have all of the warehouse, and nothing of a table', async () => {
  await checkFolder(RULES, 's3://b/wh')
  await checkFolder(RULES, 's3://b/wh/sales')
  await checkFolder(RULES, undefined)
  await refused(checkFolder(RULES, 's3://b/wh/sales/orders'), /lies in that of another table: choose a folder/)
  await refused(checkFolder(RULES, 's3://b/wh/sales/orders/x'), /lies in that/)
  await refused(checkFolder(RULES, 's3://c'), /outside/)
  assert.throws(() => checkPlace(RULES, 'metadata-location', '/etc/passwd'), /^MoraineError: metadata-location: /)
})

test('of two tables that are put into one place at once one is made', async () => {
  const { pointers, drops } = memoryCatalogs()
  const io = memoryFileIO()
  const catalog = internalCatalog({
    name: 'lake',
    warehouse: 's3://b/wh',
    pointers,
    drops: { pointers: drops, retentionMs: 1 },
    io,
    clock: virtualClock(),
    random: systemRandom,
    onLeftover: assert.fail,
  })
  await catalog.createNamespace(['sales'])
  const schema: Schema = { schemaId: 0, fields: [], identifierFieldIds: [] }
  const create = (name: string, location: string) =>
    catalog.createTable({ namespace: ['sales'], name }, { schema, location })
  const made = await Promise.allSettled([
    create('outer', 's3://b/wh/x'),
    create('inner', 's3a://b/wh/x/y'),
    create('same', 's3n://b/wh/x'),
  ])
  assert.deepEqual(made.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected'])
  for (const each of made) {
    if (each.status === 'rejected') assert.match(String(each.reason), /is in, or around, that of another table/)
  }
  assert.equal(io.locations().length, 1, 'of what was refused nothing is left')
})
