import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '@moraine/catalogs/catalog'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { Grant, Place } from '@moraine/management/access/grant'
import { must } from '@moraine/stdx/assert'
import { type ErrorKind, isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { memoryCatalogs } from '@moraine/testkit/memory-stores/memory-catalogs'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { placedCatalog } from './placed-catalog.ts'
import type { PlacementRules } from './placement.ts'

const RULES: PlacementRules = { type: 'hive', warehouse: 's3://b/wh', allowsExternal: false }
const SCHEMA: Schema = { schemaId: 0, fields: [], identifierFieldIds: [] }
const at = (database: string, name: string) => ({ namespace: [database], name })

/** A catalog that has no rules, as those of others are, with a table in each of two databases. */
async function setUp(io: FileIO = memoryFileIO()) {
  const catalog = internalCatalog({
    name: 'far',
    warehouse: 's3://b/wh',
    allowsExternalLocations: true,
    pointers: memoryCatalogs(['far']).pointers,
    io,
    clock: virtualClock(),
    random: systemRandom,
    onLeftover: assert.fail,
  })
  for (const database of ['sales', 'hr']) {
    await catalog.createNamespace([database], { location: `s3://b/wh/${database}.db` })
    const location = `s3://b/wh/${database}.db/t`
    await catalog.createTable(at(database, 't'), { schema: SCHEMA, location })
  }
  const as = (place: Place, rules = RULES, role: Grant['role'] = 'editor'): Catalog =>
    placedCatalog(catalog, { rules, io, identity: { name: 'ann', grants: [{ role, place }] } })
  const metadataOf = async (database: string) => (await catalog.loadTable(at(database, 't'))).metadataLocation
  return { catalog, io, as, metadataOf }
}

async function refused(kind: ErrorKind, field: string, doing: Promise<unknown> | undefined): Promise<void> {
  await assert.rejects(doing ?? assert.fail(), (error) => {
    assert.ok(isKind(error, kind), String(error))
    assert.ok(error.message.startsWith(`${field}: `), error.message)
    return true
  })
}

const SALES = { catalog: 'far', namespace: ['sales'] }

test('nobody registers what they could not write', async () => {
  const { as, metadataOf, catalog, io } = await setUp()
  const [sales, hr] = [await metadataOf('sales'), await metadataOf('hr')]
  await refused('permission', 'metadata-location', as(SALES).registerTable(at('sales', 'mine'), hr))
  await refused('permission', 'metadata-location', as({ ...SALES, table: 't' }).registerTable(at('sales', 'u'), sales))
  await as(SALES).registerTable(at('sales', 'mine'), sales)
  await as({ catalog: 'far' }).registerTable(at('sales', 'theirs'), hr)
  // What somebody wrote into their own folder says that it is a table elsewhere.
  const forged = 's3://b/wh/sales.db/x/metadata/00000-forged.metadata.json'
  await io.write(forged, await io.read(hr))
  await refused('permission', 'location', as(SALES).registerTable(at('sales', 'forged'), forged))
  const outside = 's3://other/t/metadata/1.metadata.json'
  await io.write(outside, await io.read(sales))
  await refused('invalid-input', 'metadata-location', as({ catalog: 'far' }).registerTable(at('sales', 'o'), outside))
  const anywhere = as({ catalog: 'far' }, { ...RULES, allowsExternal: true })
  await anywhere.registerTable(at('sales', 'o'), outside)
  assert.equal(await catalog.findMetadataLocation(at('sales', 'forged')), undefined)
})

test('what is registered is what was judged, though the file changes in between', async () => {
  const file = 's3://b/wh/sales.db/x/metadata/v1.metadata.json'
  const contents: Uint8Array[] = []
  const files = memoryFileIO()
  const { as, metadataOf, catalog } = await setUp({
    ...files,
    read: async (location, signal) =>
      location === file ? must(contents.shift(), 'a content') : files.read(location, signal),
  })
  const [sales, hr] = [await files.read(await metadataOf('sales')), await files.read(await metadataOf('hr'))]
  contents.push(sales, hr)
  const { metadata } = await as(SALES).registerTable(at('sales', 'mine'), file)
  assert.deepEqual([metadata.location, contents.length], ['s3://b/wh/sales.db/t', 1], 'it is read once')
  contents.splice(0, contents.length, hr)
  await refused('permission', 'location', as(SALES).registerTable(at('sales', 'theirs'), file))
  // Another server reads the file for itself.
  contents.push(sales, hr)
  const rest = as(SALES, { ...RULES, type: 'rest' })
  await refused('permission', 'location', rest.registerTable(at('sales', 'theirs'), file))
  assert.equal(await catalog.findMetadataLocation(at('sales', 'theirs')), undefined)
})

test('what is registered over a table is what was judged, though the file changes in between', async () => {
  const file = 's3://b/wh/sales.db/x/metadata/v1.metadata.json'
  const contents: Uint8Array[] = []
  const files = memoryFileIO()
  const { as, metadataOf, catalog } = await setUp({
    ...files,
    read: async (location, signal) =>
      location === file ? must(contents.shift(), 'a content') : files.read(location, signal),
  })
  const [sales, hr] = [await files.read(await metadataOf('sales')), await files.read(await metadataOf('hr'))]
  const over = (by: Catalog, name: string) => must(by.overwriteTable, 'overwriting')(at('sales', name), file)
  for (const name of ['t', 'new']) {
    contents.splice(0, contents.length, hr, hr)
    await refused('permission', 'location', over(as(SALES), name))
    contents.splice(0, contents.length, sales, hr)
    const { metadata } = await over(as(SALES), name)
    assert.deepEqual([metadata.location, contents.length], ['s3://b/wh/sales.db/t', 1], 'it is read once')
  }
  // Another server reads the file for itself, and what it takes the place of is gone.
  const before = await catalog.findMetadataLocation(at('sales', 't'))
  contents.splice(0, contents.length, sales, hr)
  await assert.rejects(over(as(SALES, { ...RULES, type: 'custom' }), 't'), /takes a role on all of the catalog/)
  assert.equal(await catalog.findMetadataLocation(at('sales', 't')), before)
  await over(as({ catalog: 'far' }, { ...RULES, type: 'custom' }), 't')
})

test('tables are put where those who put them may write', async () => {
  const { as } = await setUp()
  const create = (catalog: Catalog, location: string, properties = {}) =>
    catalog.createTable(at('sales', `t${systemRandom.bytes(8).join('')}`), { schema: SCHEMA, location, properties })
  await create(as(SALES), 's3a://b/wh/sales.db/new')
  await create(as({ catalog: 'far' }), 's3://b/wh/anywhere/else')
  for (const location of [
    's3://b/wh/hr.db/t',
    's3://b/wh/sales.db',
    's3://b/wh/sales.db/../hr.db/t',
    's3://c/x',
    'x',
  ]) {
    await refused('permission', 'location', create(as(SALES), location))
  }
  for (const location of ['s3://b/wh', 's3://b/wh2/t', '/etc/t', 's3://b/wh/%2e%2e/t']) {
    await refused('invalid-input', 'location', create(as({ catalog: 'far' }), location))
  }
  const own = 's3://b/wh/sales.db/new2'
  await refused(
    'permission',
    'write.data.path',
    create(as(SALES), own, { 'write.data.path': 's3://b/wh/hr.db/t/data' }),
  )
  const staged = as(SALES).stageTable(at('sales', 'x'), { schema: SCHEMA, location: 's3://b/wh/hr.db/t' })
  await refused('permission', 'location', staged)
})

test('tables are moved only so far, and what stays is not judged', async () => {
  const { as, catalog } = await setUp()
  await catalog.createTable(at('sales', 'old'), { schema: SCHEMA, location: 's3://elsewhere/old' })
  const move = (name: string, location: string, by = as(SALES)) => {
    const commit = { requirements: [], updates: [{ action: 'set-location', location }] } as const
    return [
      () => by.commitTable(at('sales', name), commit),
      () => by.commitTables?.([{ identifier: at('sales', name), commit }]),
    ]
  }
  for (const make of move('t', 's3://b/wh/hr.db/t')) await refused('permission', 'location', make())
  for (const make of move('none', 's3://b/wh/hr.db/t')) await refused('permission', 'location', make())
  for (const make of move('old', 's3://elsewhere/new')) await refused('permission', 'location', make())
  for (const make of move('old', 's3://elsewhere/old')) assert.equal((await must(make(), 'it'))?.kind, 'committed')
  for (const make of move('t', 's3://b/wh/sales.db/t2')) assert.equal((await must(make(), 'it'))?.kind, 'committed')
  const updates = { 'write.metadata.path': 's3://b/wh/hr.db/t/metadata' }
  const commit = { requirements: [], updates: [{ action: 'set-properties', updates }] } as const
  await refused('permission', 'write.metadata.path', as(SALES).commitTable(at('sales', 't'), commit))
})

test('the folder of a namespace is for those to say who may write all of the catalog', async () => {
  const { as, catalog } = await setUp()
  const location = 's3://b/wh/hr.db'
  const denied = (error: unknown) => isKind(error, 'permission')
  await assert.rejects(as(SALES).updateNamespace(['sales'], { set: { location }, remove: [] }), denied)
  await assert.rejects(as(SALES).createNamespace(['sales', 'eu'], { location }), denied)
  await as(SALES).updateNamespace(['sales'], { set: { owner: 'ann' }, remove: [] })
  const editor = as({ catalog: 'far' })
  await refused('invalid-input', 'location', editor.createNamespace(['x'], { location: 's3://other/x' }))
  await editor.createNamespace(['x'], { location: 's3://b/wh/special' })
  const make = (place: string) =>
    as({ catalog: 'far', namespace: ['x'] }).createTable(at('x', 'y'), { schema: SCHEMA, location: place })
  await refused('permission', 'location', make('s3://b/wh/x.db/y'))
  await make('s3://b/wh/special/y')
  assert.equal((await catalog.loadTable(at('x', 'y'))).metadata.location, 's3://b/wh/special/y')
})

test('namespaces of several levels of a JDBC catalog have the folder of their levels, unless a table has it', async () => {
  const { as, catalog } = await setUp()
  const rules: PlacementRules = { ...RULES, type: 'jdbc' }
  for (const namespace of [['a'], ['a', 'b'], ['a', 'b', 'c']]) await catalog.createNamespace(namespace)
  const put = (place: Place, namespace: readonly string[], name: string, location: string) =>
    as(place, rules).createTable({ namespace, name }, { schema: SCHEMA, location })
  const inner: Place = { catalog: 'far', namespace: ['a', 'b'] }
  await put(inner, ['a', 'b'], 't', 's3://b/wh/a/b/t')
  await put(inner, ['a', 'b', 'c'], 't', 's3://b/wh/a/b/c/t')
  await put(inner, ['a', 'b'], 'ours', 's3://b/wh/a.b/ours')
  for (const elsewhere of ['s3://b/wh/a/t', 's3://b/wh/a/b', 's3://b/wh/a.c/t']) {
    await refused('permission', 'location', put(inner, ['a', 'b'], 'u', elsewhere))
  }
  // The folder of a table may be that of a namespace: who may write the one has not the other.
  await refused(
    'permission',
    'location',
    put({ catalog: 'far', namespace: ['a'], table: 'b' }, ['a'], 'b', 's3://b/wh/a/b/t/x'),
  )
  await put({ catalog: 'far', namespace: ['a'], table: 'd' }, ['a'], 'd', 's3://b/wh/a/d')
  await catalog.createTable({ namespace: ['a'], name: 'b' }, { schema: SCHEMA, location: 's3://b/wh/a/b' })
  const { metadataLocation } = await catalog.loadTable({ namespace: ['a'], name: 'b' })
  const register = as(inner, rules).registerTable({ namespace: ['a', 'b'], name: 'stolen' }, metadataLocation)
  await refused('permission', 'metadata-location', register)
  await refused('permission', 'location', put(inner, ['a', 'b', 'c'], 'u', 's3://b/wh/a/b/c/u'))
  await put({ catalog: 'far', namespace: ['a'] }, ['a'], 'v', 's3://b/wh/a/v')
  await catalog.createNamespace(['a', 'x'], { location: 's3://b/wh/special' })
  const placed: Place = { catalog: 'far', namespace: ['a', 'x'] }
  await put(placed, ['a', 'x'], 't', 's3://b/wh/special/t')
  await refused('permission', 'location', put(placed, ['a', 'x'], 'u', 's3://b/wh/a/x/u'))
})

test('views are held to the same', async () => {
  const { as, metadataOf } = await setUp()
  const views = must(as(SALES).views, 'views')
  const version = {
    versionId: 1,
    timestampMs: 1,
    schemaId: 0,
    summary: {},
    representations: [{ type: 'sql', sql: 'select 1', dialect: 'spark' }],
    defaultNamespace: ['sales'],
  } as unknown as Parameters<typeof views.createView>[1]['version']
  const view = { schema: SCHEMA, version }
  await refused(
    'permission',
    'location',
    views.createView(at('sales', 'v'), { ...view, location: 's3://b/wh/hr.db/v' }),
  )
  await refused('permission', 'metadata-location', views.registerView(at('sales', 'v'), await metadataOf('hr')))
  await views.createView(at('sales', 'v'), { ...view, location: 's3://b/wh/sales.db/v' })
  const updates = [{ action: 'set-location', location: 's3://b/wh/hr.db/v' }] as const
  await refused('permission', 'location', views.commitView(at('sales', 'v'), { requirements: [], updates }))
})

test('where another server has rules of its own, they hold for those who may write all of it', async () => {
  const { as, metadataOf } = await setUp()
  const rules: PlacementRules = { type: 'rest', warehouse: 'prod', allowsExternal: false }
  const hr = await metadataOf('hr')
  await refused('permission', 'metadata-location', as(SALES, rules).registerTable(at('sales', 'mine'), hr))
  await as({ catalog: 'far' }, rules).registerTable(at('sales', 'mine'), hr)
})

test('in the own catalog nobody comes to the folder of a namespace that they may not write', async () => {
  const { pointers, drops } = memoryCatalogs(['far'])
  const io = memoryFileIO()
  const [clock, random] = [virtualClock(), systemRandom]
  const keeping = { pointers, drops: { pointers: drops, retentionMs: 1 }, onLeftover: assert.fail }
  const catalog = internalCatalog({ name: 'far', warehouse: 's3://b/wh', io, clock, random, ...keeping })
  for (const namespace of ['sales', 'hr', 'empty']) await catalog.createNamespace([namespace])
  const theirs = await catalog.createTable(at('hr', 't'), { schema: SCHEMA })
  const rules: PlacementRules = { type: 'ams', warehouse: 's3://b/wh', allowsExternal: false }
  const as = (...grants: Grant[]) => placedCatalog(catalog, { rules, io, identity: { name: 'ann', grants } })
  const editor = (place: Place): Grant => ({ role: 'editor', place })
  const sales = as(editor(SALES))
  const put = (by: Catalog, name: string, location: string) =>
    by.createTable(at('sales', name), { schema: SCHEMA, location })
  for (const location of [
    's3://b/wh/hr/t',
    's3://b/wh/hr/none',
    's3://b/wh/empty',
    'S3A://b/wh/hr/t',
    's3://b/wh',
    's3://c',
  ]) {
    await refused('permission', 'location', put(sales, 'mine', location))
  }
  for (const file of [theirs.metadataLocation, 's3://b/wh/hr/t/metadata/none.metadata.json']) {
    await refused('permission', 'metadata-location', sales.registerTable(at('sales', 'mine'), file))
  }
  const toHr = { location: 's3://b/wh/hr' }
  const denied = (error: unknown) => isKind(error, 'permission')
  await assert.rejects(sales.updateNamespace(['sales'], { set: toHr, remove: [] }), denied)

  await sales.createTable(at('sales', 'plain'), { schema: SCHEMA })
  await put(sales, 'mine', 's3a://b/wh/sales/elsewhere')
  await refused('invalid-input', 'location', put(sales, 'over', 's3://b/wh/sales/elsewhere/x'))
  await put(as(editor(SALES), editor({ catalog: 'far', namespace: ['empty'] })), 'there', 's3://b/wh/empty/there')
  await put(as(editor({ catalog: 'far' })), 'anywhere', 's3://b/wh/hr/anywhere')
  const ofTable = as(editor({ ...SALES, table: 't' }))
  await refused('permission', 'location', put(ofTable, 't', 's3://b/wh/sales/u'))
  await put(ofTable, 't', 's3://b/wh/sales/t')
  await catalog.dropTable(at('sales', 't'))
  const { location } = await ofTable.stageTable(at('sales', 't'), { schema: SCHEMA })
  assert.match(location, /^s3:\/\/b\/wh\/sales\/t-[0-9a-f]{8}$/)
  await put(ofTable, 't', location)
})

test('judging ends with the request that asks for it', async () => {
  const { catalog, io } = await setUp()
  const gone = new AbortController()
  const unheeded: string[] = []
  const noting = new Proxy(catalog, {
    get(target, key) {
      const method: unknown = Reflect.get(target, key)
      if (typeof method !== 'function') return method
      return (...args: readonly unknown[]): unknown => {
        if (!args.includes(gone.signal)) unheeded.push(String(key))
        return Reflect.apply(method, target, args)
      }
    },
  })
  const grants = [{ role: 'editor', place: SALES } as const]
  for (const type of ['hive', 'jdbc'] as const) {
    const sales = placedCatalog(noting, { rules: { ...RULES, type }, io, identity: { name: 'ann', grants } })
    const hr = 's3://b/wh/hr.db/t'
    const elsewhere = { requirements: [], updates: [{ action: 'set-location', location: hr }] } as const
    const tries: readonly Promise<unknown>[] = [
      sales.createTable(at('sales', 'x'), { schema: SCHEMA, location: hr }, gone.signal),
      sales.stageTable(at('sales', 'x'), { schema: SCHEMA, location: hr }, gone.signal),
      sales.registerTable(at('sales', 'x'), `${hr}/metadata/v1.metadata.json`, gone.signal),
      sales.commitTable(at('sales', 't'), elsewhere, gone.signal),
    ]
    for (const each of tries) await assert.rejects(each, (error) => isKind(error, 'permission'))
  }
  assert.deepEqual(unheeded, [])
})
