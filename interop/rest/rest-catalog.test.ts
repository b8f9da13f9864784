import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { startDuckDb } from '../lab/duckdb.ts'
import { type MoraineService, startService, untilAnswered } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { untilCommitted } from './until-committed.ts'

// `moraine serve` is the catalog: Spark and PyIceberg create, append, change, load and drop tables through its Iceberg
// REST endpoint, while the same service and an optimizer keep those tables. DuckDB reads them from their metadata files.

// Or the service waits for a minute between two plans of a table.
const PLANNED_AT_ONCE = { 'self-optimizing.min-plan-interval': '0' }
const AT_ONCE = "'self-optimizing.min-plan-interval' = '0'"

// PyIceberg leaves it to its caller to try again, and Spark too where rows it deletes were rewritten meanwhile.
const REFUSAL = /CommitFailedException|ValidationException/

const dataDir = mkdtempSync(`${tmpdir()}/moraine-rest-`)
const [spark, pyiceberg, duckdb] = await Promise.all([startSpark(), startPyIceberg(), startDuckDb()])
const available = spark.kind === 'started' && pyiceberg.kind === 'started' && duckdb.kind === 'started'
const service = available ? await startService(dataDir) : undefined
after(async () => {
  for (const started of [spark, pyiceberg, duckdb]) if (started.kind === 'started') await started.engine.stop()
  await service?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

if (available && service !== undefined) {
  const uri = `${service.url}/api/iceberg/rest`
  await spark.engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake' })
  await pyiceberg.engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake' })
  const engines = { spark: spark.engine, pyiceberg: pyiceberg.engine }
  const readByAll = async (table: string) => {
    const rows = await spark.engine.readRows({ table: `lake.${table}` })
    assert.deepEqual(await pyiceberg.engine.readRows({ table: ['lake', ...table.split('.')] }), rows, 'PyIceberg')
    assert.deepEqual(
      await duckdb.engine.readRows({ metadataFile: await metadataFileOf(spark.engine, table) }),
      rows,
      'DuckDB',
    )
    return rows
  }
  for (const namespace of ['shop', 'common']) await spark.engine.sql(`CREATE NAMESPACE lake.${namespace}`)
  test('tables that Spark makes', { timeout: 300_000 }, (context) => bySpark(context, service, engines, readByAll))
  test('tables that PyIceberg makes', { timeout: 300_000 }, (context) =>
    byPyIceberg(context, service, engines, readByAll),
  )
  test('both append to one table while it is optimized, and nothing is lost', { timeout: 300_000 }, (context) =>
    byBoth(context, service, engines, readByAll),
  )
} else {
  const reasons = [spark, pyiceberg, duckdb].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('REST catalog', (context) => context.skip(reasons.find((reason) => reason !== '')))
}

type Engines = { readonly spark: Spark; readonly pyiceberg: PyIceberg }
type ReadByAll = (table: string) => Promise<readonly string[]>

async function bySpark(
  { signal }: TestContext,
  service: MoraineService,
  { spark, pyiceberg }: Engines,
  readByAll: ReadByAll,
) {
  await spark.sql(`CREATE TABLE lake.shop.orders (id INT, at TIMESTAMP, amount DECIMAL(9,2)) USING iceberg
    PARTITIONED BY (days(at), bucket(2, id)) TBLPROPERTIES ('format-version' = '2', 'write.delete.mode' = 'merge-on-read', ${AT_ONCE})`)
  for (let at = 0; at < 4; at += 1) {
    await spark.sql(`INSERT INTO lake.shop.orders SELECT id, timestamp'2026-01-0${1 + (at % 2)} 12:00:00', CAST(id / 4 AS DECIMAL(9,2))
      FROM (SELECT CAST(id AS INT) AS id FROM range(${at * 10}, ${at * 10 + 10}))`)
  }
  await untilCommitted(() => spark.sql('DELETE FROM lake.shop.orders WHERE id % 7 = 3'), REFUSAL, signal)
  await spark.sql('ALTER TABLE lake.shop.orders ADD COLUMN note STRING')
  await spark.sql('ALTER TABLE lake.shop.orders RENAME COLUMN amount TO total')
  await spark.sql('ALTER TABLE lake.shop.orders ALTER COLUMN id TYPE BIGINT')
  await spark.sql("INSERT INTO lake.shop.orders VALUES (9007199254740993, timestamp'2026-01-01 00:00:00', 1.25, 'é')")
  const before = await readByAll('shop.orders')
  assert.equal(before.length, 35)
  const history = await readHistory(spark, 'shop.orders')
  assert.ok(history.size >= 6) // the service may have been faster than the request

  assert.ok((await optimize(service, 'shop.orders', signal)) > 0)
  await spark.sql('REFRESH TABLE lake.shop.orders')
  assert.deepEqual(await readByAll('shop.orders'), before)
  const later = await readHistory(spark, 'shop.orders')
  for (const [snapshotId, rows] of history) assert.deepEqual(later.get(snapshotId), rows, `snapshot ${snapshotId}`)

  // CREATE TABLE AS stages the table and creates it with its first commit.
  await spark.sql('CREATE TABLE lake.shop.copies USING iceberg AS SELECT id, total FROM lake.shop.orders')
  await spark.sql('CREATE OR REPLACE TABLE lake.shop.copies USING iceberg AS SELECT id FROM lake.shop.orders')
  assert.equal((await readByAll('shop.copies')).length, before.length)
  await spark.sql('ALTER TABLE lake.shop.copies RENAME TO shop.copied')
  assert.deepEqual(await pyiceberg.listTables(['lake', 'shop']), ['copied', 'orders'])
  for (const table of ['copied', 'orders']) await spark.sql(`DROP TABLE lake.shop.${table}`)
  assert.deepEqual(await pyiceberg.listTables(['lake', 'shop']), [])
  await assert.rejects(pyiceberg.readRows({ table: ['lake', 'shop', 'orders'] }), /NoSuchTable/)
  await assert.rejects(spark.query('SELECT * FROM lake.shop.orders'), /TABLE_OR_VIEW_NOT_FOUND/)
}

async function byPyIceberg(
  { signal }: TestContext,
  service: MoraineService,
  { spark, pyiceberg }: Engines,
  readByAll: ReadByAll,
) {
  const table = ['lake', 'inbox', 'events']
  const fields = [
    { id: 1, name: 'id', required: false, type: 'long' },
    { id: 2, name: 'what', required: false, type: 'string' },
  ]
  await pyiceberg.create({ table, schema: { type: 'struct', 'schema-id': 0, fields }, properties: PLANNED_AT_ONCE })
  for (let at = 0; at < 4; at += 1) {
    const rows = Array.from({ length: 5 }, (_, row) => ({ id: at * 5 + row, what: row === 0 ? null : `event ${at}` }))
    await untilCommitted(() => pyiceberg.append({ table, rows }, signal), REFUSAL, signal)
  }
  await pyiceberg.addColumn(table, 'weight', 'double')
  const heavy = { id: 20, what: 'heavy', weight: 0.1 }
  await untilCommitted(() => pyiceberg.append({ table, rows: [heavy] }, signal), REFUSAL, signal)
  await untilCommitted(() => pyiceberg.delete(table, 'id = 7', signal), REFUSAL, signal)
  const before = await readByAll('inbox.events')
  assert.equal(before.length, 20)
  const history = await readHistory(spark, 'inbox.events')

  assert.ok((await optimize(service, 'inbox.events', signal)) > 0)
  await spark.sql('REFRESH TABLE lake.inbox.events')
  assert.deepEqual(await readByAll('inbox.events'), before)
  const later = await readHistory(spark, 'inbox.events')
  for (const [snapshotId, rows] of history) {
    assert.deepEqual(later.get(snapshotId), rows, `snapshot ${snapshotId}`)
    assert.equal((await pyiceberg.readRows({ table, snapshotId: BigInt(snapshotId) })).length, rows.length)
  }
  await pyiceberg.append({ table, rows: [{ id: 21, what: 'after' }] })
  await spark.sql('REFRESH TABLE lake.inbox.events')
  assert.equal((await readByAll('inbox.events')).length, before.length + 1)

  await pyiceberg.drop(table)
  await assert.rejects(pyiceberg.readRows({ table }), /NoSuchTable/)
  assert.deepEqual((await spark.query('SHOW TABLES IN lake.inbox')).rows, [])
}

async function byBoth(
  context: TestContext,
  service: MoraineService,
  { spark, pyiceberg }: Engines,
  readByAll: ReadByAll,
) {
  const { signal } = context
  const table = ['lake', 'common', 'shared']
  await spark.sql(`CREATE TABLE lake.common.shared (id BIGINT, who STRING) USING iceberg TBLPROPERTIES (${AT_ONCE})`)
  const expected: string[] = []
  const commits = 10
  let rewrites = 0
  let writing = true
  await Promise.all([
    (async () => {
      for (let at = 0; at < commits; at += 1) {
        await spark.sql(`INSERT INTO lake.common.shared VALUES (${at}, 'spark')`, signal)
        expected.push(`{"id":${at},"who":"spark"}`)
      }
    })(),
    (async () => {
      for (let at = 0; at < commits; at += 1) {
        await untilCommitted(
          () => pyiceberg.append({ table, rows: [{ id: at, who: 'pyiceberg' }] }, signal),
          REFUSAL,
          signal,
        )
        expected.push(`{"id":${at},"who":"pyiceberg"}`)
      }
    })(),
    (async () => {
      while (writing) rewrites = await optimize(service, 'common.shared', signal)
    })(),
    untilAnswered(async () => expected.length === 2 * commits || undefined, signal).finally(() => {
      writing = false
    }),
  ])
  await spark.sql('REFRESH TABLE lake.common.shared')
  assert.deepEqual(await readByAll('common.shared'), expected.sort())
  context.diagnostic(`${2 * commits} commits of engines, ${rewrites} rewrites`)
  await spark.sql('DROP TABLE lake.common.shared')
}

/** Has the service optimize a table and waits until nothing is open; how many processes have committed up to now. */
async function optimize(service: MoraineService, table: string, signal: AbortSignal): Promise<number> {
  const [db = '', name = ''] = table.split('.')
  const asked = { catalog: 'lake', db, table: name }
  await untilAnswered(async () => (await service.requestOptimizing(asked, 'full')) || undefined, signal)
  const processes = await untilAnswered(() => service.findSettled(asked), signal)
  for (const { state, failReason } of processes)
    if (state.status === 'failed') assert.match(failReason ?? '', /meanwhile/)
  return processes.filter(({ state }) => state.status === 'succeeded').length
}

async function metadataFileOf(spark: Spark, table: string): Promise<string> {
  const { rows } = await spark.query(
    `SELECT file FROM lake.${table}.metadata_log_entries ORDER BY timestamp DESC, file DESC LIMIT 1`,
  )
  return String(rows[0]?.[0]).replace(/^file:\/*/, '/')
}

/** Spark's rows of each snapshot. */
async function readHistory(spark: Spark, table: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { rows } = await spark.query(`SELECT snapshot_id FROM lake.${table}.snapshots`)
  const history = new Map<string, readonly string[]>()
  for (const [id] of rows) {
    history.set(String(id), await spark.readRows({ table: `lake.${table}`, snapshotId: BigInt(String(id)) }))
  }
  return history
}
