import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import type { JdbcCatalog } from '@moraine/catalogs/jdbc/jdbc-catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { byDepth } from '../lab/depth.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { ledgeredSpark, ledgeredWriter } from '../optimize/ledgered-writer.ts'
import { optimizeInCatalog } from '../optimize/optimize-in-catalog.ts'
import { type DatabaseKind, startDatabaseServer } from './database-server.ts'
import { type LakeProperties, lakeIO, openLake, provideDrivers } from './jdbc-lake.ts'

// One catalog that Java's JdbcCatalog (in Spark), PyIceberg's SqlCatalog and Moraine have open at a time, in each of the
// databases: what one makes the others see and change, and none undoes what another has done.

type Lake = {
  /** The catalog's name, the same for all: it is part of every key. */
  readonly name: string
  readonly catalog: JdbcCatalog
  readonly spark: Spark
  readonly pyiceberg: PyIceberg
}

const COMMITS_MIN = byDepth({ usual: 6, all: 10 })
const REWRITES_MIN = byDepth({ usual: 2, all: 3 })
const CONFLICT = /was removed from the table meanwhile|deletes rows of .* meanwhile/

const ORDERS: TableIdentifier = { namespace: ['shop', 'eu'], name: 'orders' }
const SCHEMA = {
  type: 'struct',
  'schema-id': 0,
  fields: [{ id: 1, name: 'id', required: false, type: 'long' }],
} as const

const directory = mkdtempSync(`${tmpdir()}/moraine-jdbc-`)
const databases: readonly ('sqlite' | DatabaseKind)[] = ['sqlite', 'postgres', 'mariadb']
const lakes = databases.map((database) => [database, findLake(database)] as const)
const drivers = provideDrivers()
const [spark, pyiceberg] = await Promise.all([startSpark(), startPyIceberg()])
const pool = new DuckDbPool({ clock: systemClock, size: 2 })
after(async () => {
  await pool.close()
  for (const started of [spark, pyiceberg]) if (started.kind === 'started') await started.engine.stop()
  for (const [, found] of lakes) if (found.kind === 'started') found.stop()
  rmSync(directory, { recursive: true, force: true })
})

// All are open before the first test begins.
const opened = await Promise.all(
  lakes.map(async ([database, found]) => [database, await openForAll(database, found)] as const),
)
for (const [database, lake] of opened) {
  if (typeof lake === 'string') {
    test(`engines in ${database}`, (context) => context.skip(lake))
    continue
  }
  const limit = { timeout: 400_000 }
  test(`${database}: tables go back and forth`, limit, (context) => backAndForth(context, lake))
  test(`${database}: views go back and forth`, limit, (context) => viewsBackAndForth(context, lake))
  test(`${database}: Spark and PyIceberg write throughout optimizing`, limit, (context) => besideWriters(context, lake))
}

/** Or why not. */
async function openForAll(database: string, found: FoundLake): Promise<Lake | string> {
  if (found.kind === 'unavailable') return found.why
  for (const needed of [drivers, spark, pyiceberg]) if (needed.kind === 'unavailable') return needed.why
  if (spark.kind === 'unavailable' || pyiceberg.kind === 'unavailable') return ''
  const name = `lake_${database}`
  const catalog = await openLake(name, found.properties.moraine)
  after(() => catalog.close())
  await spark.engine.addCatalog(name, { ...found.properties.spark, 'cache-enabled': 'false' })
  await pyiceberg.engine.addCatalog(name, found.properties.pyiceberg)
  return { name, catalog, spark: spark.engine, pyiceberg: pyiceberg.engine }
}

type FoundLake =
  | { readonly kind: 'started'; readonly properties: LakeProperties; readonly stop: () => void }
  | { readonly kind: 'unavailable'; readonly why: string }

function findLake(database: 'sqlite' | DatabaseKind): FoundLake {
  const warehouse = `file:${directory}/${database}`
  const lakeAt = (jdbc: Readonly<Record<string, string>>, javaUri: string, pythonUri: string): LakeProperties => {
    const moraine = { ...jdbc, warehouse, 'jdbc.schema-version': 'V1' }
    return {
      moraine,
      spark: { ...moraine, type: 'jdbc', uri: javaUri },
      pyiceberg: { type: 'sql', uri: pythonUri, warehouse },
    }
  }
  if (database === 'sqlite') {
    const file = `${directory}/catalog.db`
    const uri = `jdbc:sqlite:${file}`
    // Java's driver waits for others if it is told to; Python's does.
    const properties = lakeAt({ uri }, `${uri}?busy_timeout=20000`, `sqlite:///${file}`)
    return { kind: 'started', properties, stop: () => {} }
  }
  const started = startDatabaseServer(database, `engines-${process.pid}`)
  if (started.kind === 'unavailable') return started
  const { properties, pythonUri, stop } = started.engine
  const javaUri = (properties['uri'] ?? '').replace('jdbc:mysql:', 'jdbc:mariadb:')
  return { kind: 'started', properties: lakeAt(properties, javaUri, pythonUri), stop }
}

async function backAndForth(context: TestContext, { name, catalog, spark: engine, pyiceberg: python }: Lake) {
  const { signal } = context
  await catalog.createNamespace(['shop'], { owner: 'moraine' })
  await catalog.createNamespace(['shop', 'eu'])
  const created = await catalog.createTable(ORDERS, {
    schema: {
      schemaId: 0,
      identifierFieldIds: [],
      fields: [
        { id: 1, name: 'id', required: false, type: { kind: 'long' } },
        { id: 2, name: 'note', required: false, type: { kind: 'string' } },
      ],
    },
  })
  const table = [name, 'shop', 'eu', 'orders']
  await python.append({ table, rows: [{ id: 1, note: 'python' }] }, signal)
  await engine.sql(`INSERT INTO ${name}.shop.eu.orders VALUES (2, 'spark')`, signal)
  await engine.sql(`ALTER TABLE ${name}.shop.eu.orders ADD COLUMN price DECIMAL(10, 2)`, signal)
  const set = { action: 'set-properties', updates: { note: 'kept' } } as const
  assert.equal((await catalog.commitTable(ORDERS, { requirements: [], updates: [set] })).kind, 'committed')
  await python.append({ table, rows: [{ id: 3, note: 'again' }] }, signal)
  const { metadata } = await catalog.loadTable(ORDERS)
  assert.deepEqual([metadata.snapshots.length, metadata.properties['note']], [3, 'kept'])
  assert.equal(metadata.metadataLog[0]?.metadataFile, created.metadataLocation)
  const rows = await engine.readRows({ table: `${name}.shop.eu.orders` })
  assert.equal(rows.length, 3)
  assert.deepEqual(await python.readRows({ table }), rows)

  await catalog.renameTable(ORDERS, { namespace: ['shop'], name: 'Renamed Table' })
  assert.deepEqual(await engine.readRows({ table: `${name}.shop.\`Renamed Table\`` }), rows)
  assert.deepEqual(await python.listTables([name, 'shop']), ['Renamed Table'])
  await engine.sql(`ALTER TABLE ${name}.shop.\`Renamed Table\` RENAME TO shop.again`, signal)
  assert.equal((await catalog.loadTable({ namespace: ['shop'], name: 'again' })).metadata.tableUuid, metadata.tableUuid)

  await engine.sql(`CREATE NAMESPACE ${name}.java WITH PROPERTIES ('level' = 'gold')`, signal)
  await engine.sql(`CREATE TABLE ${name}.java.t (id BIGINT) USING iceberg`, signal)
  await python.create({ table: [name, 'python', 't'], schema: SCHEMA })
  assert.deepEqual((await catalog.listNamespaces([])).items, [['java'], ['python'], ['shop']])
  const { level } = (await catalog.loadNamespace(['java'])) as { readonly level?: string }
  assert.equal(level, 'gold')
  for (const namespace of [['java'], ['python']]) {
    assert.deepEqual((await catalog.listTables(namespace)).items, [{ namespace, name: 't' }])
    await catalog.updateNamespace(namespace, { set: { by: 'moraine' }, remove: ['level'] })
    await catalog.dropTable({ namespace, name: 't' })
  }
  const described = await engine.query(`DESCRIBE NAMESPACE EXTENDED ${name}.java`)
  assert.match(JSON.stringify(described.rows), /by,moraine/)
  assert.doesNotMatch(JSON.stringify(described.rows), /level/)
  await engine.sql(`DROP NAMESPACE ${name}.java`, signal)
  await catalog.dropNamespace(['python'])
  assert.deepEqual((await engine.query(`SHOW NAMESPACES IN ${name}`)).rows, [['shop']])
}

async function viewsBackAndForth({ signal }: TestContext, { name, catalog, spark: engine, pyiceberg: python }: Lake) {
  const views = must(catalog.views, 'views')
  await catalog.createNamespace(['seen'])
  await engine.sql(`CREATE VIEW ${name}.seen.java AS SELECT 1 AS one`, signal)
  const java = await views.loadView({ namespace: ['seen'], name: 'java' })
  await views.renameView(java.identifier, { namespace: ['seen'], name: 'ours' })
  const [version] = java.metadata.versions
  const [schema] = java.metadata.schemas
  await views.createView(java.identifier, { schema: must(schema, 'schema'), version: must(version, 'version') })
  for (const view of ['java', 'ours']) {
    assert.deepEqual((await engine.query(`SELECT * FROM ${name}.seen.${view}`)).rows, [[1]])
  }
  await catalog.createTable(
    { namespace: ['seen'], name: 'table' },
    { schema: { schemaId: 0, identifierFieldIds: [], fields: [] } },
  )
  // To those that look for tables, views are none.
  assert.deepEqual(await python.listTables([name, 'seen']), ['table'])
  assert.deepEqual((await catalog.listTables(['seen'])).items, [{ namespace: ['seen'], name: 'table' }])
  await engine.sql(`DROP VIEW ${name}.seen.ours`, signal)
  assert.deepEqual((await views.listViews(['seen'])).items, [java.identifier])
}

async function besideWriters(context: TestContext, lake: Lake): Promise<void> {
  const { signal } = context
  const { name, catalog, spark: engine, pyiceberg: python } = lake
  await catalog.createNamespace(['db'])
  const writer = await ledgeredWriter(ledgeredSpark(engine, 2), `${name}.db.ledgered`, seededRandom(7))
  const appended = { namespace: ['db'], name: 'appended' }
  const table = [name, 'db', 'appended']
  await python.create({ table, schema: SCHEMA })
  const expected: string[] = []
  const append = async () => {
    const id = expected.length
    for (;;) {
      const done = await python.append({ table, rows: [{ id }] }, signal).then(
        () => true,
        // It tries no commit twice.
        (error: unknown) => {
          assert.match(String(error), /CommitFailed|has been updated by another process/)
          return false
        },
      )
      if (done) break
    }
    expected.push(`{"id":${id}}`)
  }
  for (let at = 0; at < 4; at += 1) await Promise.all([writer.step(signal), append()])
  let rewrites = { ledgered: 0, appended: 0 }
  const failures: string[] = []
  const optimized = { catalog, io: lakeIO, settings: {}, pool, workDir: directory }
  const optimize = async (table: 'ledgered' | 'appended') => {
    const identifier = { namespace: ['db'], name: table }
    const run = await optimizeInCatalog(optimized, identifier, 'full', signal)
    if (run.outcome === 'committed') rewrites = { ...rewrites, [table]: rewrites[table] + 1 }
    failures.push(...run.failures)
  }
  const isEnough = () =>
    Math.min(rewrites.ledgered, rewrites.appended) >= REWRITES_MIN &&
    Math.min(writer.states.length, expected.length) > COMMITS_MIN
  const until = async (step: () => Promise<unknown>) => {
    while (!isEnough()) await step()
  }
  await Promise.all([
    until(() => writer.step(signal)),
    until(append),
    until(async () => {
      await optimize('ledgered')
      await optimize('appended')
    }),
  ])
  for (const reason of failures) assert.match(reason, CONFLICT)
  assert.deepEqual(await engine.readRows({ table: `${name}.db.ledgered` }), writer.states.at(-1))
  for (const rows of [await engine.readRows({ table: `${name}.db.appended` }), await python.readRows({ table })]) {
    assert.deepEqual([...rows].sort(), [...expected].sort())
  }
  const { metadata } = await catalog.loadTable(appended)
  const ours = metadata.snapshots.filter(({ summary }) => summary?.['snapshot.producer'] === 'OPTIMIZE')
  assert.equal(ours.length, rewrites.appended)
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of Spark, ${expected.length} commits of PyIceberg, ${rewrites.ledgered} and ${rewrites.appended} rewrites and ${failures.length} conflicting groups of Moraine`,
  )
}
