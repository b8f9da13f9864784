import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { byDepth } from '../lab/depth.ts'
import { type DuckDb, startDuckDb } from '../lab/duckdb.ts'
import { runFlink } from '../lab/flink.ts'
import { type MoraineService, startService, untilAnswered } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { upsertStream } from '../optimize/upsert-stream.ts'
import { loadRestTable } from './rest-table.ts'

// Flink works in the catalog of `moraine serve`: databases, tables, evolution, branches, overwrites, and a stream of upserts
// with equality deletes, while the service and an optimizer keep the same tables. PyIceberg and DuckDB read what comes of it.

const UPSERTS = byDepth({ usual: 120, all: 240 })
const stream = upsertStream(UPSERTS, 20)

const dataDir = mkdtempSync(`${tmpdir()}/moraine-flink-`)
const [flink, pyiceberg, duckdb, service] = await Promise.all([
  runFlink([]), // installs it
  startPyIceberg(),
  startDuckDb(),
  startService(dataDir),
])
after(async () => {
  for (const started of [pyiceberg, duckdb]) if (started.kind === 'started') await started.engine.stop()
  await service.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

if (flink.kind === 'started' && pyiceberg.kind === 'started' && duckdb.kind === 'started') {
  const uri = `${service.url}/iceberg`
  await pyiceberg.engine.addCatalog('lake', { type: 'rest', uri, warehouse: 'lake' })
  await duckdb.engine.attach('lake', uri, 'lake')
  const lake: Lake = { service, pyiceberg: pyiceberg.engine, duckdb: duckdb.engine }
  const limit = { timeout: 300_000 }
  test('tables are made, written on branches, evolved, overwritten and renamed', limit, (context) =>
    liveThrough(context, lake),
  )
  test('Flink upserts throughout optimizing', limit, (context) => upsertBesideOptimizing(context, lake))
} else {
  const all = [flink, pyiceberg, duckdb].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('Flink', (context) => context.skip(all.find((reason) => reason !== '')))
}

type Lake = { readonly service: MoraineService; readonly pyiceberg: PyIceberg; readonly duckdb: DuckDb }

/** A session with the catalog, in which each statement ends before the next begins. */
function session({ service }: Lake): readonly string[] {
  const catalog = `'catalog-type' = 'rest', 'uri' = '${service.url}/iceberg', 'warehouse' = 'lake', 'cache-enabled' = 'false'`
  return ["SET 'table.dml-sync' = 'true'", `CREATE CATALOG lake WITH ('type' = 'iceberg', ${catalog})`]
}

async function liveThrough({ signal }: TestContext, lake: Lake): Promise<void> {
  const { pyiceberg, service } = lake
  await runFlink(
    [
      "SET 'execution.runtime-mode' = 'batch'",
      ...session(lake),
      "CREATE DATABASE lake.shop WITH ('owner' = 'flink')",
      `CREATE TABLE lake.shop.events (id BIGINT, what STRING, amount DECIMAL(9, 2), happened TIMESTAMP(6), tags ARRAY<STRING>, who ROW<name STRING, age INT>)
        WITH ('self-optimizing.min-plan-interval' = '0')`,
      `INSERT INTO lake.shop.events VALUES (9007199254740993, 'é', 1.25, TIMESTAMP '2026-01-01 12:00:00.123456', ARRAY['a'], ROW('x', 3))`,
      "INSERT INTO lake.shop.events (id, what) VALUES (2, 'event'), (3, 'event'), (4, 'event')",
      "INSERT INTO lake.shop.events /*+ OPTIONS('branch' = 'audit') */ (id, what) VALUES (5, 'on the branch')",
      "ALTER TABLE lake.shop.events SET ('write.parquet.compression-codec' = 'gzip', 'note' = 'gone')",
      "ALTER TABLE lake.shop.events RESET ('note')",
      'ALTER TABLE lake.shop.events ADD (note STRING)',
      'ALTER TABLE lake.shop.events RENAME what TO said',
      'ALTER TABLE lake.shop.events DROP tags',
      "INSERT INTO lake.shop.events (id, note) VALUES (6, 'after')",
      'CREATE TABLE lake.shop.copies (id BIGINT)',
      'INSERT INTO lake.shop.copies VALUES (1)',
      'INSERT OVERWRITE lake.shop.copies SELECT id FROM lake.shop.events WHERE id < 4',
      'ALTER TABLE lake.shop.copies RENAME TO copied',
      'CREATE TABLE lake.shop.dropped (id BIGINT)',
      'DROP TABLE lake.shop.dropped',
    ],
    signal,
  )
  const table = ['lake', 'shop', 'events']
  const whole = `{"amount":"1.25","happened":"2026-01-01T12:00:00.123456","id":9007199254740993,"note":null,"said":"é","who":{"age":3,"name":"x"}}`
  const event = (id: number, said: string | null, note: string | null) =>
    `{"amount":null,"happened":null,"id":${id},"note":${JSON.stringify(note)},"said":${JSON.stringify(said)},"who":null}`
  const rows = [whole, ...[2, 3, 4].map((id) => event(id, 'event', null)), event(6, null, 'after')]
  assert.deepEqual(await pyiceberg.readRows({ table }), rows)
  const onBranch = await pyiceberg.readRows({ table, ref: 'audit' })
  assert.deepEqual(
    onBranch.map((row) => /"id":(\d+)/.exec(row)?.[1]),
    ['9007199254740993', '2', '3', '4', '5'],
  )
  const { properties, refs } = await loadRestTable(service.url, 'shop', 'events')
  assert.deepEqual([properties['write.parquet.compression-codec'], properties['note']], ['gzip', undefined])
  assert.deepEqual(Object.keys(refs).sort(), ['audit', 'main'])
  assert.deepEqual(await pyiceberg.listTables(['lake', 'shop']), ['copied', 'events'])
  assert.deepEqual(await pyiceberg.readRows({ table: ['lake', 'shop', 'copied'] }), ['{"id":2}', '{"id":3}'])

  const asked = { catalog: 'lake', db: 'shop', table: 'events' }
  await untilAnswered(async () => (await service.requestOptimizing(asked, 'full')) || undefined, signal)
  const processes = await untilAnswered(() => service.findSettled(asked), signal)
  assert.ok(processes.some(({ state }) => state.status === 'succeeded'))
  assert.deepEqual(await pyiceberg.readRows({ table }), rows)
  assert.deepEqual(await pyiceberg.readRows({ table, ref: 'audit' }), onBranch)
}

async function upsertBesideOptimizing(context: TestContext, lake: Lake): Promise<void> {
  const { signal } = context
  const { service, duckdb, pyiceberg } = lake
  const answers = `${dataDir}/read`
  const asked = { catalog: 'lake', db: 'streamed', table: 'upserts' }
  let writing = true
  await Promise.all([
    runFlink(
      [
        ...stream.settings,
        ...session(lake),
        'CREATE DATABASE lake.streamed',
        stream.createTable('lake.streamed.upserts', "'self-optimizing.min-plan-interval' = '0'"),
        ...stream.upsertInto('lake.streamed.upserts'),
        ...stream.readInto('lake.streamed.upserts', answers),
      ],
      signal,
    ).finally(() => {
      writing = false
    }),
    untilAnswered(async () => {
      await service.requestOptimizing(asked, 'full')
      return !writing || undefined
    }, signal),
  ])
  await untilAnswered(async () => (await service.requestOptimizing(asked, 'full')) || undefined, signal)
  const processes = await untilAnswered(() => service.findSettled(asked), signal)
  // Upserts never stand in the way of a rewrite.
  for (const { state, failReason } of processes) assert.equal(state.status, 'succeeded', failReason ?? '')

  const { snapshots } = await loadRestTable(service.url, 'streamed', 'upserts')
  const rewrites = snapshots.filter(({ summary }) => summary['snapshot.producer'] === 'OPTIMIZE').length
  assert.ok(rewrites > 0)
  let before = -1
  for (const { snapshotId } of snapshots) {
    const rows = await duckdb.readRows({ relation: `lake.streamed.upserts AT (VERSION => ${snapshotId})` })
    const upserted = stream.lastUpsertOf(rows)
    assert.ok(upserted >= before, 'nothing goes back')
    before = upserted
    assert.deepEqual(rows, stream.rowsAfter(upserted))
  }
  const all = stream.rowsAfter(UPSERTS - 1)
  assert.deepEqual(stream.readAnswers(answers), all, 'Flink')
  assert.deepEqual(await duckdb.readRows({ relation: 'lake.streamed.upserts' }), all)
  // It reads no equality deletes; none is left.
  assert.deepEqual(await pyiceberg.readRows({ table: ['lake', 'streamed', 'upserts'] }), all)
  context.diagnostic(`${snapshots.length - rewrites} commits of Flink, ${rewrites} rewrites of Moraine`)
}
