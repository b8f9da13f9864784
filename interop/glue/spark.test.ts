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
import { optimizeBesideWriter } from '../optimize/optimize-beside-writer.ts'
import type { OptimizedCatalog } from '../optimize/optimize-in-catalog.ts'
import { storedGlueTable } from './stored-glue-table.ts'

// The reference implementation's catalog of Glue, by Spark, and ours on the same tables. Glue and S3 are moto, with the
// versions of tables that keep both from undoing each other's commits.

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

async function besideSpark(
  context: TestContext,
  engine: Spark,
  lake: OptimizedCatalog & { readonly catalog: GlueCatalog },
): Promise<void> {
  const name = 'lake.db.written'
  const writer = await ledgeredWriter(ledgeredSpark(engine, 2), name, seededRandom(7))
  await optimizeBesideWriter(
    context,
    lake,
    { namespace: ['db'], name: 'written' },
    { engine, name, writer },
    { commits: 10, rewrites: 2 },
  )
}
