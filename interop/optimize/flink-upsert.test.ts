import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { byDepth } from '../lab/depth.ts'
import { startDuckDb } from '../lab/duckdb.ts'
import { runFlink } from '../lab/flink.ts'
import { type OptimizeRun, optimizeTable } from '../lab/moraine.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'
import { startSpark } from '../lab/spark.ts'
import { type Readers, readStates } from './table-readers.ts'
import { upsertStream } from './upsert-stream.ts'

// A streaming job of Flink upserts row after row, an equality delete with each, and commits every second; Moraine
// optimizes the table all the while. Rows come in a known order and say their place in it, so every snapshot must hold
// exactly what the upserts up to its last one left. At the end Flink reads the optimized table itself.

const UPSERTS = byDepth({ usual: 400, all: 500 })
const REWRITES_MIN = 2
const stream = upsertStream(UPSERTS, 20)

const warehouse = mkdtempSync(`${tmpdir()}/moraine-flink-upsert-`)
const [spark, pyiceberg, duckdb, flink] = await Promise.all([
  startSpark(),
  startPyIceberg(),
  startDuckDb(),
  runFlink([catalog(), 'CREATE DATABASE lake.db', stream.createTable('lake.db.t')]),
])
after(async () => {
  for (const started of [spark, pyiceberg, duckdb]) if (started.kind === 'started') await started.engine.stop()
  rmSync(warehouse, { recursive: true, force: true })
})

if (spark.kind === 'started' && pyiceberg.kind === 'started' && duckdb.kind === 'started' && flink.kind === 'started') {
  const readers = { spark: spark.engine, pyiceberg: pyiceberg.engine, duckdb: duckdb.engine }
  await readers.spark.addCatalog('lake', { type: 'hadoop', warehouse })
  test('Flink upserts throughout many runs of moraine table optimize', { timeout: 600_000 }, (context) =>
    besideFlink(context, readers),
  )
} else {
  const all = [spark, pyiceberg, duckdb, flink].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('Flink beside Moraine', (context) => context.skip(all.find((reason) => reason !== '')))
}

async function besideFlink(context: TestContext, readers: Readers): Promise<void> {
  const { signal } = context
  const table = `${warehouse}/db/t`
  const runs: OptimizeRun[] = []
  let writing = true
  await Promise.all([
    runFlink([...stream.settings, catalog(), ...stream.upsertInto('lake.db.t')], signal).finally(() => {
      writing = false
    }),
    (async () => {
      const types = ['full', 'auto', 'full'] as const
      while (writing) runs.push(await optimizeTable(table, types[runs.length % types.length] ?? 'full', signal))
    })(),
  ])
  const last = await optimizeTable(table, 'full', signal)
  // Upserts never stand in the way of a rewrite.
  for (const { code, failures } of [...runs, last]) assert.deepEqual([code, failures], [0, []])
  const rewrites = [...runs, last].filter(({ outcome }) => outcome === 'committed').length
  assert.ok(rewrites >= REWRITES_MIN, `${rewrites} rewrites`)

  const { rows } = await readers.spark.query(
    `SELECT snapshot_id, summary['snapshot.producer'] FROM lake.db.t.snapshots ORDER BY committed_at`,
  )
  const ours = rows.filter(([, producer]) => producer === 'OPTIMIZE').length
  assert.equal(ours, rewrites)
  const ids = rows.map(([id]) => BigInt(String(id)))
  const reading = await readStates(readers, table, ids)
  let before = -1
  for (const id of ids) {
    const answer = must(reading.spark.get(String(id)), 'answer of Spark')
    assert.ok('rows' in answer)
    const upserted = stream.lastUpsertOf(answer.rows)
    assert.ok(upserted >= before, 'nothing goes back')
    before = upserted
    assert.deepEqual(answer.rows, stream.rowsAfter(upserted))
    assert.deepEqual(reading.duckdb.get(String(id)), answer)
  }
  const all = { rows: stream.rowsAfter(UPSERTS - 1) }
  for (const answers of Object.values(reading)) assert.deepEqual(answers.get('current'), all)
  const answers = `${warehouse}/read`
  await runFlink([catalog(), ...stream.readInto('lake.db.t', answers)], signal)
  assert.deepEqual(stream.readAnswers(answers), all.rows)
  context.diagnostic(`${rows.length - ours} commits of Flink, ${runs.length} runs and ${rewrites} rewrites of Moraine`)
}

function catalog(): string {
  return `CREATE CATALOG lake WITH ('type' = 'iceberg', 'catalog-type' = 'hadoop', 'warehouse' = '${warehouse}')`
}
