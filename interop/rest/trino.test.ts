import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { seededRandom } from '@moraine/stdx/random'
import { type MoraineService, startService, untilAnswered } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { startTrino, type Trino } from '../lab/trino.ts'
import { type LedgeredEngine, ledgeredWriter } from '../optimize/ledgered-writer.ts'
import { loadRestTable } from './rest-table.ts'
import { untilCommitted } from './until-committed.ts'
import { writeBesideOptimizing } from './write-beside-optimizing.ts'

// Trino works in the catalog of `moraine serve`: schemas, tables, views, row-level changes, evolution, its own optimizing,
// while the service and an optimizer keep the same tables. PyIceberg reads what comes of it.

const PROMPTLY = `extra_properties = MAP(ARRAY['self-optimizing.min-plan-interval', 'self-optimizing.minor.trigger.file-count'], ARRAY['0', '3'])`

// Trino gives a change of rows up whose files were rewritten meanwhile.
const REFUSAL = /ICEBERG_COMMIT_ERROR/

const dataDir = mkdtempSync(`${tmpdir()}/moraine-trino-`)
const [trino, pyiceberg] = await Promise.all([startTrino(), startPyIceberg()])
const service = trino.kind === 'started' && pyiceberg.kind === 'started' ? await startService(dataDir) : undefined
after(async () => {
  for (const started of [trino, pyiceberg]) if (started.kind === 'started') await started.engine.stop()
  await service?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

if (trino.kind === 'started' && pyiceberg.kind === 'started' && service !== undefined) {
  const uri = `${service.url}/iceberg`
  await trino.engine.addCatalog('lake', {
    'iceberg.catalog.type': 'rest',
    'iceberg.rest-catalog.uri': uri,
    'iceberg.rest-catalog.warehouse': 'lake',
    'iceberg.rest-catalog.nested-namespace-enabled': 'true',
    'iceberg.allowed-extra-properties': '*',
    'fs.hadoop.enabled': 'true', // Trino's own file system of the machine reads below one folder only, and no file: address
  })
  await pyiceberg.engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake' })
  const lake: Lake = { service, trino: trino.engine, pyiceberg: pyiceberg.engine }
  const limit = { timeout: 300_000 }
  test('schemas and tables are made, changed, evolved, renamed and dropped', limit, (context) =>
    liveThrough(context, lake),
  )
  test('views are made, replaced, renamed and dropped', limit, () => keepViews(lake))
  test('Trino inserts, deletes, updates and merges throughout optimizing', limit, async (context) => {
    await lake.trino.sql('CREATE SCHEMA lake.ledger')
    const writer = await ledgeredWriter(ledgeredTrino(lake.trino), 'lake.ledger.changes', seededRandom(5))
    await writeBesideOptimizing(context, service, ['ledger', 'changes'], writer, (snapshotId) =>
      readByBoth(lake, 'ledger', 'changes', snapshotId),
    )
  })
} else {
  const reasons = [trino, pyiceberg].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('Trino', (context) => context.skip(reasons.find((reason) => reason !== '')))
}

type Lake = { readonly service: MoraineService; readonly trino: Trino; readonly pyiceberg: PyIceberg }

async function readByBoth({ trino, pyiceberg }: Lake, schema: string, name: string, snapshotId?: bigint) {
  const version = snapshotId === undefined ? '' : ` FOR VERSION AS OF ${snapshotId}`
  const rows = await trino.readRows(`lake."${schema}"."${name}"${version}`)
  const table = ['lake', ...schema.split('.'), name]
  const byPyIceberg = await pyiceberg.readRows({ table, ...(snapshotId !== undefined && { snapshotId }) })
  assert.deepEqual(byPyIceberg, rows, 'PyIceberg')
  return rows
}

async function liveThrough({ signal }: TestContext, lake: Lake): Promise<void> {
  const { service, trino } = lake
  await trino.sql('CREATE SCHEMA lake.shop')
  await trino.sql('CREATE SCHEMA lake."shop.eu"')
  assert.deepEqual(await trino.query("SHOW SCHEMAS FROM lake LIKE 'shop%'"), [['shop'], ['shop.eu']])
  await trino.sql(`CREATE TABLE lake."shop.eu".orders (id BIGINT NOT NULL, region VARCHAR, amount DECIMAL(9, 2), at TIMESTAMP(6),
    seen TIMESTAMP(6) WITH TIME ZONE, tags ARRAY(VARCHAR), raw VARBINARY, day DATE, who ROW(name VARCHAR, age INTEGER))
    WITH (format_version = 2, partitioning = ARRAY['bucket(id, 2)', 'region'], ${PROMPTLY})`)
  const orders = 'lake."shop.eu".orders'
  await trino.sql(`INSERT INTO ${orders} VALUES (9007199254740993, 'eu', 1.25, TIMESTAMP '2026-01-01 12:00:00.123456',
    TIMESTAMP '2026-01-01 12:00:00.123456 UTC', ARRAY['é', NULL], X'00ff', DATE '1969-12-31', ROW('x', 3))`)
  for (let at = 0; at < 3; at += 1) {
    await trino.sql(
      `INSERT INTO ${orders} (id, region, amount) SELECT n, 'us', n / 4.0 FROM UNNEST(sequence(${at * 10}, ${at * 10 + 9})) AS t(n)`,
    )
  }
  const change = (statement: string) => untilCommitted(() => trino.sql(statement), REFUSAL, signal)
  await change(`DELETE FROM ${orders} WHERE id % 7 = 3`)
  await change(`UPDATE ${orders} SET region = 'ap' WHERE id = 11`)
  await change(`MERGE INTO ${orders} AS t USING (VALUES (12, 'merged'), (100, 'new')) AS s(id, region) ON t.id = s.id
    WHEN MATCHED THEN UPDATE SET region = s.region WHEN NOT MATCHED THEN INSERT (id, region) VALUES (s.id, s.region)`)
  const { snapshots } = await loadRestTable(service.url, 'shop%1Feu', 'orders')
  const [, first] = snapshots // that of CREATE TABLE is empty
  assert.ok(first !== undefined)
  const written = [
    `{"amount":"1.25","at":"2026-01-01T12:00:00.123456","day":"1969-12-31","id":9007199254740993,"raw":"00ff","region":"eu","seen":"2026-01-01T12:00:00.123456Z","tags":["é",null],"who":{"age":3,"name":"x"}}`,
  ]
  assert.deepEqual(await readByBoth(lake, 'shop.eu', 'orders', first.snapshotId), written)

  await trino.sql(`ALTER TABLE ${orders} ADD COLUMN note VARCHAR`)
  await trino.sql(`ALTER TABLE ${orders} ADD COLUMN who.city VARCHAR`)
  await trino.sql(`ALTER TABLE ${orders} RENAME COLUMN amount TO total`)
  await trino.sql(`ALTER TABLE ${orders} ALTER COLUMN total SET DATA TYPE DECIMAL(12, 2)`)
  await trino.sql(`ALTER TABLE ${orders} DROP COLUMN raw`)
  await trino.sql(`ALTER TABLE ${orders} SET PROPERTIES partitioning = ARRAY['day(day)', 'bucket(id, 4)']`)
  await trino.sql(`COMMENT ON TABLE ${orders} IS 'of the EU'`)
  await trino.sql(`INSERT INTO ${orders} (id, day, note) VALUES (200, DATE '2026-01-02', 'after')`)
  const before = await readByBoth(lake, 'shop.eu', 'orders')
  assert.equal(before.length, orderIds().length + 2)
  const ids = before.map((row) => /"id":(\d+)/.exec(row)?.[1] ?? '')
  assert.deepEqual(ids.toSorted(), [...orderIds(), '9007199254740993', '200'].toSorted())

  const asked = { catalog: 'lake', db: 'shop.eu', table: 'orders' }
  await untilAnswered(async () => (await service.requestOptimizing(asked, 'full')) || undefined, signal)
  const processes = await untilAnswered(() => service.findSettled(asked), signal)
  assert.ok(processes.some(({ state }) => state.status === 'succeeded'))
  assert.deepEqual(await readByBoth(lake, 'shop.eu', 'orders'), before)
  // The full rewrite may leave fragments by the new partitioning, and the service rewrites those beside this.
  await change(`ALTER TABLE ${orders} EXECUTE optimize`)
  await trino.sql(`ANALYZE ${orders}`)
  assert.deepEqual(await readByBoth(lake, 'shop.eu', 'orders'), before)
  assert.deepEqual(await readByBoth(lake, 'shop.eu', 'orders', first.snapshotId), written)
  await trino.sql(`ALTER TABLE ${orders} EXECUTE rollback_to_snapshot(${first.snapshotId})`)
  assert.equal((await trino.query(`SELECT id FROM ${orders}`)).length, 1)

  await trino.sql(
    `CREATE TABLE lake.shop.copies AS SELECT id, region FROM ${orders} FOR VERSION AS OF ${snapshots.at(-1)?.snapshotId}`,
  )
  await trino.sql(`CREATE OR REPLACE TABLE lake.shop.copies AS SELECT id FROM lake.shop.copies`)
  await trino.sql('ALTER TABLE lake.shop.copies RENAME TO lake."shop.eu".copied')
  assert.equal((await readByBoth(lake, 'shop.eu', 'copied')).length, orderIds().length + 1)
  await trino.sql('TRUNCATE TABLE lake."shop.eu".copied')
  assert.deepEqual(await readByBoth(lake, 'shop.eu', 'copied'), [])
  await assert.rejects(trino.sql('DROP SCHEMA lake."shop.eu"'), /SCHEMA_NOT_EMPTY|not empty/i)
  assert.deepEqual(await trino.query('SHOW TABLES FROM lake."shop.eu"'), [['copied'], ['orders']])
  for (const name of ['copied', 'orders']) await trino.sql(`DROP TABLE lake."shop.eu".${name}`)
  await assert.rejects(lake.pyiceberg.readRows({ table: ['lake', 'shop', 'eu', 'orders'] }), /NoSuchTable/)
  for (const schema of ['shop.eu', 'shop']) await trino.sql(`DROP SCHEMA lake."${schema}"`)
}

/** Ids of the orders of the first inserts after the delete and the merge, sorted. */
function orderIds(): readonly string[] {
  const inserted = Array.from({ length: 30 }, (_, id) => id).filter((id) => id % 7 !== 3)
  return [...inserted, 100].map(String)
}

async function keepViews({ trino }: Lake): Promise<void> {
  await trino.sql('CREATE SCHEMA lake.seen')
  await trino.sql(
    `CREATE TABLE lake.seen.orders WITH (${PROMPTLY}) AS SELECT * FROM (VALUES (1, 'eu'), (2, 'us'), (3, 'eu')) AS t(id, region)`,
  )
  await trino.sql("CREATE VIEW lake.seen.european AS SELECT id FROM lake.seen.orders WHERE region = 'eu'")
  assert.deepEqual(await trino.query('SELECT * FROM lake.seen.european ORDER BY id'), [[1], [3]])
  await trino.sql("INSERT INTO lake.seen.orders VALUES (4, 'eu')")
  assert.deepEqual(await trino.query('SELECT count(*) FROM lake.seen.european'), [[3]])
  await trino.sql(
    "CREATE OR REPLACE VIEW lake.seen.european COMMENT 'not of the US' AS SELECT id AS order_id FROM lake.seen.orders WHERE region <> 'us'",
  )
  assert.deepEqual(await trino.query('SELECT max(order_id) FROM lake.seen.european'), [[4]])
  await trino.sql('ALTER VIEW lake.seen.european RENAME TO lake.seen.domestic')
  assert.deepEqual(await trino.query('SHOW TABLES FROM lake.seen'), [['domestic'], ['orders']])
  await assert.rejects(trino.sql('CREATE TABLE lake.seen.domestic (id BIGINT)'), /already exists/)
  await assert.rejects(trino.sql('CREATE VIEW lake.seen.orders AS SELECT 1 AS a'), /already exists/)
  await trino.sql('DROP VIEW lake.seen.domestic')
  await assert.rejects(trino.query('SELECT * FROM lake.seen.domestic'), /TABLE_NOT_FOUND/)
  assert.deepEqual(await trino.query('SELECT count(*) FROM lake.seen.orders'), [[4]])
}

function ledgeredTrino(trino: Trino): LedgeredEngine {
  return {
    sql: trino.sql,
    createTable: (table) => `CREATE TABLE ${table} (id BIGINT, region VARCHAR, n INTEGER, v VARCHAR)
      WITH (format_version = 2, partitioning = ARRAY['region'], ${PROMPTLY})`,
    commitsCreation: true,
    snapshotsPerCommit: 'one',
    refusal: REFUSAL,
  }
}
