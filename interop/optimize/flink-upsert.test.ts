import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { startDuckDb } from '../lab/duckdb.ts'
import { runFlink } from '../lab/flink.ts'
import { type OptimizeRun, optimizeTable } from '../lab/moraine.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'
import { startSpark } from '../lab/spark.ts'
import { type Readers, readStates } from './table-readers.ts'

// A streaming job of Flink upserts row after row, an equality delete with each, and commits every second; Moraine
// optimizes the table all the while. Rows come in a known order and say their place in it, so every snapshot must hold
// exactly what the upserts up to its last one left. At the end Flink reads the optimized table itself.

const UPSERTS = 500
const A_SECOND = 20
const KEYS = 60
const REWRITES_MIN = 2

const warehouse = mkdtempSync(`${tmpdir()}/moraine-flink-upsert-`)
const [spark, pyiceberg, duckdb, flink] = await Promise.all([
  startSpark(),
  startPyIceberg(),
  startDuckDb(),
  runFlink([catalog(), 'CREATE DATABASE lake.db', createTable()]),
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
    runFlink([...streaming(), catalog(), source(), upsert()], signal).finally(() => {
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
    const upserted = Math.max(-1, ...answer.rows.map((row) => Number(/"seq":(\d+)/.exec(row)?.[1])))
    assert.ok(upserted >= before, 'nothing goes back')
    before = upserted
    assert.deepEqual(answer.rows, rowsAfter(upserted))
    assert.deepEqual(reading.duckdb.get(String(id)), answer)
  }
  const all = { rows: rowsAfter(UPSERTS - 1) }
  for (const answers of Object.values(reading)) assert.deepEqual(answers.get('current'), all)
  assert.deepEqual(await readByFlink(signal), all.rows)
  context.diagnostic(`${rows.length - ours} commits of Flink, ${runs.length} runs and ${rewrites} rewrites of Moraine`)
}

/** Canonical rows after the upsert with this number, sorted. */
function rowsAfter(last: number): readonly string[] {
  const seqOf = new Map<number, number>()
  for (let seq = 0; seq <= last; seq += 1) seqOf.set((seq * 7) % KEYS, seq)
  return [...seqOf].map(([id, seq]) => canonical(id, regionOf(id), seq)).sort()
}

async function readByFlink(signal: AbortSignal): Promise<readonly string[]> {
  const path = `${warehouse}/read`
  await runFlink(
    [
      "SET 'execution.runtime-mode' = 'batch'",
      "SET 'table.dml-sync' = 'true'",
      catalog(),
      `CREATE TEMPORARY TABLE answers (id INT, region STRING, seq INT) WITH ('connector' = 'filesystem', 'path' = 'file://${path}', 'format' = 'csv')`,
      'INSERT INTO answers SELECT id, region, seq FROM lake.db.t',
    ],
    signal,
  )
  const lines = readdirSync(path).flatMap((name) => readFileSync(`${path}/${name}`, 'utf8').trim().split('\n'))
  return lines
    .map((line) => {
      const [id, region, seq] = line.split(',')
      return canonical(Number(id), region ?? '', Number(seq))
    })
    .sort()
}

function canonical(id: number, region: string, seq: number): string {
  return `{"id":${id},"region":"${region}","seq":${seq}}`
}

function regionOf(id: number): string {
  return id % 2 === 0 ? 'eu' : 'us'
}

function streaming(): readonly string[] {
  return [
    "SET 'execution.runtime-mode' = 'streaming'",
    "SET 'execution.checkpointing.interval' = '1s'",
    "SET 'table.dml-sync' = 'true'",
  ]
}

function catalog(): string {
  return `CREATE CATALOG lake WITH ('type' = 'iceberg', 'catalog-type' = 'hadoop', 'warehouse' = '${warehouse}')`
}

function createTable(): string {
  return `CREATE TABLE lake.db.t (id INT, region STRING, seq INT, PRIMARY KEY (id, region) NOT ENFORCED)
    PARTITIONED BY (region) WITH ('format-version' = '2', 'write.upsert.enabled' = 'true')`
}

/** Numbers from 0 on, at a steady pace. */
function source(): string {
  return `CREATE TEMPORARY TABLE numbers (seq INT) WITH ('connector' = 'datagen', 'rows-per-second' = '${A_SECOND}',
    'fields.seq.kind' = 'sequence', 'fields.seq.start' = '0', 'fields.seq.end' = '${UPSERTS - 1}')`
}

function upsert(): string {
  const id = `MOD(seq * 7, ${KEYS})`
  return `INSERT INTO lake.db.t SELECT ${id}, CASE WHEN MOD(${id}, 2) = 0 THEN 'eu' ELSE 'us' END, seq FROM numbers`
}
