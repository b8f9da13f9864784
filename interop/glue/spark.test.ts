import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import type { GlueCatalog } from '@moraine/catalogs/glue/glue-catalog'
import { openTestGlue } from '@moraine/catalogs/glue/testing/glue-conformance'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom, systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import { installAwsBundle, startMoto, stopMoto } from '../lab/moto.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { ledgeredSpark, ledgeredWriter } from '../optimize/ledgered-writer.ts'
import { type GlueOptimizing, type GlueRun, optimizeInGlue } from './optimize-in-glue.ts'
import { storedGlueTable } from './stored-glue-table.ts'

// The reference implementation's catalog of Glue, by Spark, and ours on the same tables. Glue and S3 are moto, with the
// versions of tables that keep both from undoing each other's commits.

const SPARK_COMMITS_MIN = 10
const REWRITES_MIN = 2
const CONFLICT = /was removed from the table meanwhile|deletes rows of .* meanwhile/

const name = `spark-${process.pid}`
const bundle = installAwsBundle()
const moto = startMoto(name)
if (bundle.kind === 'started') process.env['SPARK_DIST_CLASSPATH'] = bundle.engine
process.env['AWS_ACCESS_KEY_ID'] = 'lab'
process.env['AWS_SECRET_ACCESS_KEY'] = 'labsecret'
const spark = await startSpark()
const workDir = mkdtempSync(`${tmpdir()}/moraine-glue-`)
const pool = new DuckDbPool({ clock: systemClock, size: 2 })
after(async () => {
  await pool.close()
  if (spark.kind === 'started') await spark.engine.stop()
  stopMoto(name)
  rmSync(workDir, { recursive: true, force: true })
})

if (bundle.kind === 'started' && moto.kind === 'started' && spark.kind === 'started') {
  const { settings, endpoint } = moto.engine
  const classes = {
    'catalog-impl': 'org.apache.iceberg.aws.glue.GlueCatalog',
    'io-impl': 'org.apache.iceberg.aws.s3.S3FileIO',
    'cache-enabled': 'false',
  }
  await spark.engine.addCatalog('lake', { ...classes, ...settings })
  const io = openStorage(settings, { clock: systemClock, random: systemRandom })
  const catalog = await openTestGlue(endpoint, io, { ...settings, 'glue.max-retries': '10' })
  after(() => catalog.close())
  await catalog.createNamespace(['db'], { comment: 'of both' })
  test('tables go back and forth', { timeout: 120_000 }, () => backAndForth(spark.engine, catalog, endpoint))
  test('Spark writes throughout optimizing', { timeout: 400_000 }, (context) =>
    besideSpark(context, spark.engine, { catalog, io, settings, pool, workDir }),
  )
} else {
  const missing = [bundle, moto, spark].find((started) => started.kind === 'unavailable')
  test('Spark and Glue', (context) => context.skip(missing?.kind === 'unavailable' ? missing.why : ''))
}

async function backAndForth(engine: Spark, catalog: GlueCatalog, endpoint: string): Promise<void> {
  const theirs = { namespace: ['db'], name: 'theirs' }
  await engine.sql(
    "CREATE TABLE lake.db.theirs (id BIGINT NOT NULL, at TIMESTAMP COMMENT 'when', price DECIMAL(10,2)) USING iceberg PARTITIONED BY (days(at)) COMMENT 'a table'",
  )
  await engine.sql("INSERT INTO lake.db.theirs VALUES (1, timestamp'2026-01-01 00:00:00', 1.50)")
  await engine.sql('ALTER TABLE lake.db.theirs RENAME COLUMN price TO cost')
  const stored = await storedGlueTable(endpoint, theirs)
  const set = { action: 'set-properties', updates: { note: 'ours' } } as const
  assert.equal((await catalog.commitTable(theirs, { requirements: [], updates: [set] })).kind, 'committed')
  assert.deepEqual(await storedGlueTable(endpoint, theirs), stored)
  await engine.sql("INSERT INTO lake.db.theirs VALUES (2, timestamp'2026-01-02 00:00:00', 2.50)")
  const { metadata } = await catalog.loadTable(theirs)
  assert.deepEqual([metadata.snapshots.length, metadata.properties['note']], [2, 'ours'])

  const ours = { namespace: ['db'], name: 'ours' }
  const created = await catalog.createTable(ours, {
    schema: {
      schemaId: 0,
      identifierFieldIds: [],
      fields: [
        { id: 1, name: 'id', required: false, type: { kind: 'long' } },
        { id: 2, name: 'region', required: false, type: { kind: 'string' } },
      ],
    },
    partitionSpec: { fields: [{ sourceIds: [2], name: 'region', transform: { kind: 'identity' } }] },
  })
  await engine.sql("INSERT INTO lake.db.ours VALUES (1, 'eu'), (2, 'us')")
  await engine.sql('ALTER TABLE lake.db.ours ADD COLUMN note STRING')
  await catalog.renameTable(ours, { namespace: ['db'], name: 'renamed' })
  assert.equal((await engine.readRows({ table: 'lake.db.renamed' })).length, 2)
  await engine.sql('ALTER TABLE lake.db.renamed RENAME TO db.again')
  const again = await catalog.loadTable({ namespace: ['db'], name: 'again' })
  assert.equal(again.metadata.tableUuid, created.metadata.tableUuid)

  const described = await engine.query('DESCRIBE NAMESPACE EXTENDED lake.db')
  assert.match(JSON.stringify(described.rows), /of both/)
  await engine.sql('DROP TABLE lake.db.again')
  assert.deepEqual(await catalog.listTables(['db']), { items: [theirs] })
}

async function besideSpark(context: TestContext, engine: Spark, lake: GlueOptimizing): Promise<void> {
  const { signal } = context
  const written = { namespace: ['db'], name: 'written' }
  const optimize = () => optimizeInGlue(lake, written, signal)
  const writer = await ledgeredWriter(ledgeredSpark(engine, 2), 'lake.db.written', seededRandom(7))
  for (let at = 0; at < 4; at += 1) await writer.step(signal)
  const runs: GlueRun[] = []
  const rewrites = () => runs.filter(({ outcome }) => outcome === 'committed').length
  const isEnough = () => writer.states.length > SPARK_COMMITS_MIN && rewrites() >= REWRITES_MIN
  await Promise.all([
    (async () => {
      while (!isEnough()) await writer.step(signal)
    })(),
    (async () => {
      while (!isEnough()) runs.push(await optimize())
    })(),
  ])
  const failures = runs.flatMap((run) => run.failures)
  for (const reason of failures) assert.match(reason, CONFLICT)
  const last = await optimize() // alone
  assert.deepEqual(last.failures, [])
  runs.push(last)

  const { snapshots } = (await lake.catalog.loadTable(written)).metadata
  let commit = 0
  for (const [at, { snapshotId, parentSnapshotId, summary }] of snapshots.entries()) {
    assert.equal(parentSnapshotId, snapshots[at - 1]?.snapshotId, 'the history is one line')
    if (summary['snapshot.producer'] !== 'OPTIMIZE') commit += 1
    const rows = await engine.readRows({ table: 'lake.db.written', snapshotId })
    assert.deepEqual(rows, writer.states[commit], `snapshot ${snapshotId}`)
  }
  assert.equal(commit, writer.states.length - 1, 'every commit of Spark is in the history, and no other')
  assert.equal(snapshots.length - commit, rewrites())
  context.diagnostic(
    `${commit} commits and ${writer.conflicts()} conflicts of Spark, ${runs.length} runs, ${rewrites()} rewrites and ${failures.length} conflicting groups of Moraine`,
  )
}
