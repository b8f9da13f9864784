import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { seededRandom } from '@moraine/stdx/random'
import { type DuckDb, startDuckDb } from '../lab/duckdb.ts'
import { type MoraineService, startService, untilAnswered } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { type LedgeredEngine, ledgeredWriter } from '../optimize/ledgered-writer.ts'
import { loadRestTable } from './rest-table.ts'
import { untilCommitted } from './until-committed.ts'
import { writeBesideOptimizing } from './write-beside-optimizing.ts'

// DuckDB's own Iceberg extension attaches the catalog of `moraine serve`, makes, changes, evolves and drops tables in it
// while the service optimizes them. PyIceberg reads what comes of it. What the extension cannot do is named here.

const REFUSAL = /Conflict_409/

const dataDir = mkdtempSync(`${tmpdir()}/moraine-duckdb-`)
const [duckdb, pyiceberg] = await Promise.all([startDuckDb(), startPyIceberg()])
const service = duckdb.kind === 'started' && pyiceberg.kind === 'started' ? await startService(dataDir) : undefined
after(async () => {
  for (const started of [duckdb, pyiceberg]) if (started.kind === 'started') await started.engine.stop()
  await service?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

if (duckdb.kind === 'started' && pyiceberg.kind === 'started' && service !== undefined) {
  const uri = `${service.url}/iceberg`
  await duckdb.engine.attach('lake', uri, 'lake')
  await pyiceberg.engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake' })
  const lake: Lake = { service, duckdb: duckdb.engine, pyiceberg: pyiceberg.engine }
  const limit = { timeout: 300_000 }
  test('tables are made, changed, evolved, renamed and dropped', limit, (context) => liveThrough(context, lake))
  test('changes of several tables are one commit, or none', limit, () => changeTogether(lake))
  test('what DuckDB cannot do changes nothing', limit, () => refuse(lake))
  test('DuckDB inserts, deletes, updates and merges throughout optimizing', limit, async (context) => {
    await lake.duckdb.sql('CREATE SCHEMA lake.ledger')
    const writer = await ledgeredWriter(ledgeredDuckDb(lake.duckdb), 'lake.ledger.changes', seededRandom(9))
    await writeBesideOptimizing(context, service, ['ledger', 'changes'], writer, (snapshotId) =>
      readByBoth(lake, 'ledger', 'changes', snapshotId),
    )
  })
} else {
  const reasons = [duckdb, pyiceberg].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('DuckDB', (context) => context.skip(reasons.find((reason) => reason !== '')))
}

type Lake = { readonly service: MoraineService; readonly duckdb: DuckDb; readonly pyiceberg: PyIceberg }

async function readByBoth({ duckdb, pyiceberg }: Lake, schema: string, name: string, snapshotId?: bigint) {
  const version = snapshotId === undefined ? '' : ` AT (VERSION => ${snapshotId})`
  const rows = await duckdb.readRows({ relation: `lake.${schema}.${name}${version}` })
  const table = ['lake', schema, name]
  const byPyIceberg = await pyiceberg.readRows({ table, ...(snapshotId !== undefined && { snapshotId }) })
  assert.deepEqual(byPyIceberg, rows, 'PyIceberg')
  return rows
}

async function liveThrough({ signal }: TestContext, lake: Lake): Promise<void> {
  const { service, duckdb } = lake
  await duckdb.sql('CREATE SCHEMA lake.shop')
  await duckdb.sql(`CREATE TABLE lake.shop.orders (id BIGINT, region VARCHAR, amount DECIMAL(9, 2), "at" TIMESTAMP,
    seen TIMESTAMPTZ, tags VARCHAR[], raw BLOB, "day" DATE, who STRUCT(name VARCHAR, age INTEGER)) WITH ('format-version' = '2', 'self-optimizing.min-plan-interval' = '0')`)
  await duckdb.sql(`INSERT INTO lake.shop.orders VALUES (9007199254740993, 'eu', 1.25, TIMESTAMP '2026-01-01 12:00:00.123456',
    TIMESTAMPTZ '2026-01-01 12:00:00.123456+00', ['é', NULL], '\\x00\\xff'::BLOB, DATE '1969-12-31', {'name': 'x', 'age': 3})`)
  for (let at = 0; at < 3; at += 1) {
    await duckdb.sql(
      `INSERT INTO lake.shop.orders (id, region, amount) SELECT n, 'us', n / 4.0 FROM range(${at * 10}, ${at * 10 + 10}) AS t(n)`,
    )
  }
  const change = (statement: string) => untilCommitted(() => duckdb.sql(statement), REFUSAL, signal)
  await change('DELETE FROM lake.shop.orders WHERE id % 7 = 3')
  await change("UPDATE lake.shop.orders SET region = 'ap' WHERE id = 11")
  await change(`MERGE INTO lake.shop.orders AS t USING (VALUES (12, 'merged'), (100, 'new')) AS s(id, region) ON t.id = s.id
    WHEN MATCHED THEN UPDATE SET region = s.region WHEN NOT MATCHED THEN INSERT (id, region) VALUES (s.id, s.region)`)
  const [first] = (await loadRestTable(service.url, 'shop', 'orders')).snapshots
  assert.ok(first !== undefined)
  const written = [
    `{"amount":"1.25","at":"2026-01-01T12:00:00.123456","day":"1969-12-31","id":9007199254740993,"raw":"00ff","region":"eu","seen":"2026-01-01T12:00:00.123456Z","tags":["é",null],"who":{"age":3,"name":"x"}}`,
  ]
  assert.deepEqual(await readByBoth(lake, 'shop', 'orders', first.snapshotId), written)

  await change('ALTER TABLE lake.shop.orders ADD COLUMN note VARCHAR')
  await change('ALTER TABLE lake.shop.orders RENAME COLUMN amount TO total')
  await change('ALTER TABLE lake.shop.orders DROP COLUMN raw')
  await change("INSERT INTO lake.shop.orders (id, note) VALUES (200, 'after')")
  const before = await readByBoth(lake, 'shop', 'orders')
  const ids = before.map((row) => /"id":(\d+)/.exec(row)?.[1] ?? '')
  const inserted = Array.from({ length: 30 }, (_, id) => id).filter((id) => id % 7 !== 3)
  assert.deepEqual(ids.toSorted(), [...inserted.map(String), '100', '200', '9007199254740993'].toSorted())

  const asked = { catalog: 'lake', db: 'shop', table: 'orders' }
  await untilAnswered(async () => (await service.requestOptimizing(asked, 'full')) || undefined, signal)
  const processes = await untilAnswered(() => service.findSettled(asked), signal)
  assert.ok(processes.some(({ state }) => state.status === 'succeeded'))
  assert.deepEqual(await readByBoth(lake, 'shop', 'orders'), before)
  assert.deepEqual(await readByBoth(lake, 'shop', 'orders', first.snapshotId), written)

  await change('CREATE TABLE lake.shop.copies (id BIGINT, region VARCHAR)')
  await change('INSERT INTO lake.shop.copies SELECT id, region FROM lake.shop.orders')
  await change('ALTER TABLE lake.shop.copies RENAME TO copied')
  assert.equal((await readByBoth(lake, 'shop', 'copied')).length, before.length)
  // On disks it needs the folders that the service makes for a table that is not there yet.
  await change('CREATE TABLE lake.shop.selected AS SELECT id, region FROM lake.shop.orders WHERE id < 30')
  assert.equal((await readByBoth(lake, 'shop', 'selected')).length, inserted.length)
  await duckdb.sql('DROP TABLE lake.shop.selected')
  const tables = "(SELECT table_name FROM information_schema.tables WHERE table_schema = 'shop')"
  assert.deepEqual(await duckdb.readRows({ relation: tables }), ['{"table_name":"copied"}', '{"table_name":"orders"}'])
  await assert.rejects(duckdb.sql('DROP SCHEMA lake.shop'), /NamespaceNotEmptyException/)
  for (const name of ['copied', 'orders']) await duckdb.sql(`DROP TABLE lake.shop.${name}`)
  await assert.rejects(lake.pyiceberg.readRows({ table: ['lake', 'shop', 'orders'] }), /NoSuchTable/)
  await duckdb.sql('DROP SCHEMA lake.shop')
}

async function changeTogether(lake: Lake): Promise<void> {
  const { duckdb, pyiceberg } = lake
  await duckdb.sql('CREATE SCHEMA lake.both')
  for (const name of ['a', 'b']) await duckdb.sql(`CREATE TABLE lake.both.${name} (id BIGINT)`)
  const insertBoth = async (id: number) => {
    await duckdb.sql('BEGIN')
    for (const name of ['a', 'b']) await duckdb.sql(`INSERT INTO lake.both.${name} VALUES (${id})`)
  }
  await insertBoth(1)
  await duckdb.sql('COMMIT')
  for (const name of ['a', 'b']) assert.deepEqual(await readByBoth(lake, 'both', name), ['{"id":1}'])
  await insertBoth(2)
  await pyiceberg.append({ table: ['lake', 'both', 'b'], rows: [{ id: 3 }] })
  await assert.rejects(duckdb.sql('COMMIT'), REFUSAL)
  assert.deepEqual(await readByBoth(lake, 'both', 'a'), ['{"id":1}'])
  assert.deepEqual(await readByBoth(lake, 'both', 'b'), ['{"id":1}', '{"id":3}'])
}

async function refuse({ duckdb, service }: Lake): Promise<void> {
  await duckdb.sql('CREATE SCHEMA lake.limits')
  await duckdb.sql('CREATE TABLE lake.limits.t (id BIGINT)')
  await assert.rejects(duckdb.sql('CREATE VIEW lake.limits.v AS SELECT 1 AS one'), /Create View/)
  await assert.rejects(
    duckdb.sql('CREATE OR REPLACE TABLE lake.limits.t AS SELECT 1 AS id'),
    /not (yet )?(supported|implemented)/i,
  )
  assert.equal((await loadRestTable(service.url, 'limits', 't')).snapshots.length, 0)
}

function ledgeredDuckDb(duckdb: DuckDb): LedgeredEngine {
  return {
    sql: duckdb.sql,
    createTable: (
      table,
    ) => `CREATE TABLE ${table} (id BIGINT, region VARCHAR, n INTEGER, v VARCHAR) PARTITIONED BY (region)
      WITH ('format-version' = '2', 'self-optimizing.min-plan-interval' = '0')`,
    commitsCreation: false,
    snapshotsPerCommit: 'several',
    refusal: REFUSAL,
  }
}
