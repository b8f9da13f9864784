import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { createSalesOrders, ORDERS, SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import type { Catalog } from '../catalog.ts'
import { openJdbcCatalog } from './jdbc-catalog.ts'
import { type JdbcDatabase, jdbc, jdbcText } from './jdbc-database.ts'
import { openSqliteDatabase } from './sqlite-database.ts'
import { JDBC_TRAITS, jdbcCatalogUnderTest } from './testing/jdbc-under-test.ts'
import { lossyDatabase } from './testing/lossy-database.ts'

const V1 = { uri: 'jdbc:sqlite::memory:', 'jdbc.schema-version': 'V1' }
const V0_STRICT = { uri: 'jdbc:sqlite::memory:', 'jdbc.strict-mode': 'true' }

function inMemory(properties: Readonly<Record<string, string>>): Parameters<typeof catalogConformance>[2] {
  return async () => {
    const database = openSqliteDatabase(':memory:', systemClock)
    const lossy = lossyDatabase(database)
    const io = memoryFileIO()
    return {
      catalog: await jdbcCatalogUnderTest(lossy, properties, io),
      other: await jdbcCatalogUnderTest(database, properties, io),
      io,
      scratch: 's3://b/scratch',
      loseNextAnswer: () => lossy.loseNext('answer'),
      loseNextRequest: () => lossy.loseNext('request'),
      close: () => database.close(),
    }
  }
}

catalogConformance('JDBC catalog', { ...JDBC_TRAITS, fillsPages: true }, inMemory(V1))
const traitsOfV0 = { ...JDBC_TRAITS, views: false, impliedNamespaces: false }
catalogConformance('strict JDBC catalog of schema V0', traitsOfV0, inMemory(V0_STRICT))

async function open(properties: Readonly<Record<string, string>> = V1) {
  const database = openSqliteDatabase(':memory:', systemClock)
  const io = memoryFileIO()
  return { database, io, catalog: await jdbcCatalogUnderTest(database, properties, io) }
}

const rowsOf = (database: JdbcDatabase, table: string) => database.query(jdbcText(`SELECT * FROM ${table}`))

const setProperty = (catalog: Catalog, key: string) =>
  catalog.commitTable(ORDERS, { requirements: [], updates: [{ action: 'set-properties', updates: { [key]: 'x' } }] })

test('rows are those of the reference implementation', async () => {
  const { database, catalog } = await open()
  const created = await createSalesOrders({ catalog })
  const outcome = await setProperty(catalog, 'a')
  assert.ok(outcome.kind === 'committed')
  assert.deepEqual(await rowsOf(database, 'iceberg_tables'), [
    {
      catalog_name: 'lake',
      table_namespace: 'sales',
      table_name: 'orders',
      metadata_location: outcome.table.metadataLocation,
      previous_metadata_location: created.metadataLocation,
      iceberg_type: 'TABLE',
    },
  ])
  assert.deepEqual(await rowsOf(database, 'iceberg_namespace_properties'), [
    { catalog_name: 'lake', namespace: 'sales', property_key: 'exists', property_value: 'true' },
  ])
})

test('a table that is staged on disks has folders for its files, and is not there for that', async (context) => {
  const warehouse = mkdtempSync(join(tmpdir(), 'moraine-jdbc-'))
  context.after(() => rmSync(warehouse, { recursive: true }))
  const database = openSqliteDatabase(':memory:', systemClock)
  const catalog = await jdbcCatalogUnderTest(database, { ...V1, warehouse }, localFileIO(systemRandom))
  await catalog.createNamespace(['sales'])
  const { location } = await catalog.stageTable(ORDERS, SALES_ORDERS_TABLE)
  assert.deepEqual(readdirSync(location).sort(), ['data', 'metadata'])
  assert.deepEqual((await catalog.listTables(['sales'])).items, [])
  assert.equal((await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)).metadata.location, location)
})

test('tables and namespaces of other writers are found, those of other catalogs are not', async () => {
  const { database, catalog } = await open()
  const { metadataLocation } = await createSalesOrders({ catalog })
  const add = (name: string, namespace: string, table: string) =>
    database.execute(
      jdbc`INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, metadata_location) VALUES (${name}, ${namespace}, ${table}, ${metadataLocation})`,
    )
  await add('lake', 'a.b_c.d', 't')
  await add('lake', 'a.bxc.e', 't')
  await add('lake', 'A.z', 't')
  await add('other', 'elsewhere', 't')
  // PyIceberg writes no marker for a namespace with properties.
  await database.execute(jdbc`INSERT INTO iceberg_namespace_properties VALUES ('lake', 'py', 'owner', 'me')`)

  assert.deepEqual((await catalog.listNamespaces([])).items, [['A'], ['a'], ['py'], ['sales']])
  assert.deepEqual((await catalog.listNamespaces(['a'])).items, [
    ['a', 'b_c'],
    ['a', 'bxc'],
  ])
  assert.deepEqual((await catalog.listNamespaces(['a', 'b_c'])).items, [['a', 'b_c', 'd']])
  assert.deepEqual(Object.keys(await catalog.loadNamespace(['a', 'b_c'])), ['location'])
  assert.equal(
    (await catalog.loadTable({ namespace: ['a', 'b_c', 'd'], name: 't' })).metadataLocation,
    metadataLocation,
  )
  await assert.rejects(catalog.loadNamespace(['elsewhere']), (error) => isKind(error, 'not-found'))
  await assert.rejects(catalog.dropNamespace(['a']), (error) => isKind(error, 'conflict'))
  await assert.rejects(catalog.createNamespace(['a']), (error) => isKind(error, 'already-exists'))

  await catalog.updateNamespace(['py'], { set: {}, remove: ['owner'] })
  assert.deepEqual(Object.keys(await catalog.loadNamespace(['py'])), ['location'], 'it outlives its last property')
})

test('a table implies its namespace, unless the catalog is strict', async () => {
  const { catalog } = await open()
  await catalog.createTable(ORDERS, SALES_ORDERS_TABLE)
  assert.deepEqual((await catalog.listNamespaces([])).items, [['sales']])
  await catalog.dropTable(ORDERS)
  await assert.rejects(catalog.listTables(['sales']), (error) => isKind(error, 'not-found'))
  const strict = await open(V0_STRICT)
  await assert.rejects(strict.catalog.createTable(ORDERS, SALES_ORDERS_TABLE), (error) => isKind(error, 'not-found'))
})

test('what the tables cannot hold is refused before anything is written', async () => {
  const { catalog, io } = await open()
  const refused = (promise: Promise<unknown>, text: RegExp) => assert.rejects(promise, text)
  const deep = Array.from({ length: 3 }, () => 'x'.repeat(100))
  await refused(catalog.createNamespace(deep), /longer than the 255 characters/)
  await refused(
    catalog.createTable({ namespace: deep, name: 't' }, SALES_ORDERS_TABLE),
    /longer than the 255 characters/,
  )
  await refused(catalog.createTable({ namespace: ['a.b'], name: 't' }, SALES_ORDERS_TABLE), /joins levels by dots/)
  await refused(catalog.createNamespace(['n'], { key: 'x'.repeat(1001) }), /longer than the 1000 characters/)
  await refused(catalog.createNamespace(['n'], { exists: 'false' }), /own; choose another name/)
  assert.deepEqual(io.locations(), [])
  assert.deepEqual((await catalog.listNamespaces([])).items, [])
})

test('a V0 schema stays one unless asked, and one that others change is seen to have changed', async () => {
  const { database, io, catalog } = await open({ uri: 'jdbc:sqlite::memory:' })
  assert.equal(catalog.views, undefined)
  await createSalesOrders({ catalog })
  const later = await jdbcCatalogUnderTest(database, V1, io)
  assert.ok(later.views !== undefined)
  assert.deepEqual((await catalog.listTables(['sales'])).items, [ORDERS])
  const { metadataLocation } = await later.loadTable(ORDERS)
  const view = jdbc`INSERT INTO iceberg_tables VALUES ('lake', 'sales', 'best', ${metadataLocation}, NULL, 'VIEW')`
  await database.execute(view)
  assert.deepEqual((await catalog.listTables(['sales'])).items, [ORDERS])
  await assert.rejects(catalog.loadTable({ namespace: ['sales'], name: 'best' }), (error) => isKind(error, 'not-found'))
  assert.ok((await jdbcCatalogUnderTest(database, { uri: 'jdbc:sqlite::memory:' }, io)).views !== undefined)
})

test('tables are not created where that is not wanted', async () => {
  await assert.rejects(open({ ...V1, 'jdbc.init-catalog-tables': 'false' }), /has no table iceberg_tables; create it/)
})

test('a row without a metadata file is called damaged, and other kinds of rows are named', async () => {
  const { database, catalog } = await open()
  await database.execute(jdbc`INSERT INTO iceberg_tables VALUES ('lake', 'n', 'empty', NULL, NULL, NULL)`)
  await database.execute(jdbc`INSERT INTO iceberg_tables VALUES ('lake', 'n', 'odd', 's3://x', NULL, 'INDEX')`)
  await assert.rejects(catalog.loadTable({ namespace: ['n'], name: 'empty' }), /n\.empty has no metadata_location/)
  await assert.rejects(catalog.loadTable({ namespace: ['n'], name: 'odd' }), /neither table nor view but INDEX/)
})

test('a swap whose answer was lost is settled by the log of whoever went on', async () => {
  const { database, io, catalog } = await open()
  const lossy = lossyDatabase(database)
  let others = 0
  const unlucky = await jdbcCatalogUnderTest(
    {
      ...lossy,
      async execute(statement) {
        try {
          return await lossy.execute(statement)
        } catch (error) {
          others += 1
          assert.equal((await setProperty(catalog, `theirs-${others}`)).kind, 'committed')
          throw error
        }
      },
    },
    V1,
    io,
  )
  await createSalesOrders({ catalog })
  lossy.loseNext('answer')
  assert.equal((await setProperty(unlucky, 'mine')).kind, 'committed')
  lossy.loseNext('request')
  assert.equal((await setProperty(unlucky, 'never')).kind, 'conflict')
  const { properties } = (await catalog.loadTable(ORDERS)).metadata
  assert.deepEqual(
    ['mine', 'theirs-1', 'theirs-2', 'never'].map((key) => properties[key]),
    ['x', 'x', 'x', undefined],
  )
})

test('that commits can be made is seen without one, and that they cannot as well', async () => {
  const folder = mkdtempSync(`${tmpdir()}/moraine-jdbc-`)
  const path = join(folder, 'catalog.db')
  const database = openSqliteDatabase(path, systemClock)
  const catalog = await jdbcCatalogUnderTest(database, { uri: `jdbc:sqlite:${path}` }, memoryFileIO())
  const { metadataLocation } = await createSalesOrders({ catalog })
  assert.match((await catalog.probeCommit?.(ORDERS)) ?? '', /an update that fits none was made/)
  assert.equal(await catalog.findMetadataLocation(ORDERS), metadataLocation)
  await database.query(jdbcText('PRAGMA query_only = ON'))
  await assert.rejects(async () => catalog.probeCommit?.(ORDERS), /readonly|read-only|read only/i)
  await database.close()
  rmSync(folder, { recursive: true })
})

test('a catalog may be called otherwise here than by its writers, and says whose rows there are', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'moraine-jdbc-name-'))
  const properties = { uri: `jdbc:sqlite:${join(directory, 'c.db')}`, warehouse: 's3://b/wh' }
  const common = { io: memoryFileIO(), clock: systemClock, random: systemRandom, onLeftover: assert.fail }
  const prod = await openJdbcCatalog({ ...common, name: 'prod', properties })
  assert.equal(await prod.explainEmpty?.(), undefined)
  await prod.createNamespace(['sales'])
  await prod.createTable(ORDERS, SALES_ORDERS_TABLE)
  const other = await openJdbcCatalog({ ...common, name: 'x', properties })
  assert.deepEqual(await other.listNamespaces([]), { items: [] })
  const why = await other.explainEmpty?.()
  assert.match(why ?? '', /^the database has rows of catalogs 'prod', none of 'x': .* jdbc\.catalog-name/)
  const named = { ...properties, 'jdbc.catalog-name': 'prod' }
  const same = await openJdbcCatalog({ ...common, name: 'x', properties: named })
  assert.equal(same.name, 'x')
  assert.deepEqual((await same.listTables(['sales'])).items, [ORDERS])
  assert.equal(await same.explainEmpty?.(), undefined)
  for (const each of [prod, other, same]) await each.close()
  rmSync(directory, { recursive: true })
})

test('a damaged row takes no other table out of the list', async () => {
  const { database, catalog } = await open()
  await createSalesOrders({ catalog })
  await database.execute(jdbc`INSERT INTO iceberg_tables VALUES ('lake', 'sales', 'empty', NULL, NULL, NULL)`)
  const empty = { namespace: ['sales'], name: 'empty' }
  assert.deepEqual((await catalog.listTables(['sales'])).items, [empty, ORDERS])
  await assert.rejects(catalog.loadTable(empty), /sales\.empty has no metadata_location/)
})

test('of a database that has the tables of the catalog no more nobody is told that a table is not there', async () => {
  const { database, catalog } = await open()
  await createSalesOrders({ catalog })
  await database.execute(jdbc`ALTER TABLE iceberg_tables RENAME TO elsewhere`)
  const unavailable = (error: unknown) =>
    isKind(error, 'unavailable') && /no such table: iceberg_tables: .* restore the database/.test(error.message)
  await assert.rejects(catalog.loadTable(ORDERS), unavailable)
  await assert.rejects(catalog.findMetadataLocation(ORDERS), unavailable)
  await assert.rejects(catalog.dropTable(ORDERS), unavailable)
  await assert.rejects(catalog.createTable({ ...ORDERS, name: 'more' }, SALES_ORDERS_TABLE), unavailable)
  await database.execute(jdbc`ALTER TABLE elsewhere RENAME TO iceberg_tables`)
  assert.equal((await catalog.loadTable(ORDERS)).identifier.name, ORDERS.name)
})
