import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { byDepth } from '../lab/depth.ts'
import { type HiveMetastore, startHive, stopHive } from '../lab/hive.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { ledgeredSpark, ledgeredWriter } from '../optimize/ledgered-writer.ts'
import { optimizeBesideWriter } from '../optimize/optimize-beside-writer.ts'
import { connectToHive, heldLocks, io, openHive } from './metastore-tools.ts'

// Spark writes tables of a Hive catalog all the time while Moraine optimizes the same tables through the same metastore,
// both under its locks. (Hive 4 has not all the calls of the client that Spark brings along.) What Spark committed is in a
// ledger. At the end the history is one line of commits of both, every snapshot in it as Spark reads it holds what the
// ledger held then, and no lock is left.

const hiveName = `spark-${process.pid}`
const hive = startHive(hiveName, 3)
const spark = await startSpark()
const workDir = mkdtempSync(`${tmpdir()}/moraine-hive-`)
const pool = new DuckDbPool({ clock: systemClock, size: 2 })
after(async () => {
  await pool.close()
  if (spark.kind === 'started') await spark.engine.stop()
  stopHive(hiveName)
  rmSync(workDir, { recursive: true, force: true })
})

if (hive.kind === 'started' && spark.kind === 'started') {
  const lake = await openLake(spark.engine, hive.engine)
  for (const version of [2, 3] as const) {
    const writes = { timeout: 400_000 }
    test(`v${version}: Spark writes throughout optimizing`, writes, (context) => besideSpark(context, lake, version))
  }
  test('tables go back and forth', { timeout: 120_000 }, (context) => backAndForth(context, lake))
} else {
  const reasons = [hive, spark].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('Spark beside Moraine in a Hive catalog', (context) => context.skip(reasons.find((reason) => reason !== '')))
}

/** One metastore as both see it. */
type Lake = {
  readonly engine: Spark
  readonly catalog: ReturnType<typeof openHive>
  readonly metastore: ReturnType<typeof connectToHive>
}

async function openLake(engine: Spark, { uri, warehouse }: HiveMetastore): Promise<Lake> {
  await engine.addCatalog('lake', { type: 'hive', uri, warehouse, 'cache-enabled': 'false' })
  const catalog = openHive({ uri, warehouse })
  const metastore = connectToHive({ uri })
  after(() => Promise.all([catalog.close(), metastore.close()]))
  await catalog.createNamespace(['db'], { comment: 'of both' })
  return { engine, catalog, metastore }
}

async function besideSpark(context: TestContext, lake: Lake, version: 2 | 3): Promise<void> {
  const { engine, catalog, metastore } = lake
  const name = `lake.db.v${version}`
  const writer = await ledgeredWriter(ledgeredSpark(engine, version), name, seededRandom(version))
  const optimized = { catalog, io, settings: {}, pool, workDir }
  await optimizeBesideWriter(
    context,
    optimized,
    { namespace: ['db'], name: `v${version}` },
    { engine, name, writer },
    byDepth({ usual: { commits: 8, rewrites: 2 }, all: { commits: 16, rewrites: 4 } }),
  )
  assert.deepEqual(await heldLocks(metastore), [])
}

/** What one makes the other changes, in turn: columns, names, properties of the namespace. */
async function backAndForth(context: TestContext, { engine, catalog }: Lake): Promise<void> {
  const { signal } = context
  const ours: TableIdentifier = { namespace: ['db'], name: 'ours' }
  await catalog.createTable(ours, {
    schema: {
      schemaId: 0,
      identifierFieldIds: [],
      fields: [
        { id: 1, name: 'id', required: false, type: { kind: 'long' } },
        { id: 2, name: 'at', required: false, type: { kind: 'timestamptz' }, doc: 'when' },
        { id: 3, name: 'price', required: false, type: { kind: 'decimal', precision: 10, scale: 2 } },
      ],
    },
    partitionSpec: { fields: [{ sourceIds: [2], name: 'day', transform: { kind: 'day' } }] },
  })
  await engine.sql(`INSERT INTO lake.db.ours VALUES (1, timestamp'2026-01-01 00:00:00', 1.50)`, signal)
  await engine.sql('ALTER TABLE lake.db.ours ADD COLUMN note STRING', signal)
  const set = { action: 'set-properties', updates: { note: 'kept', 'gc.enabled': 'false' } } as const
  assert.equal((await catalog.commitTable(ours, { requirements: [], updates: [set] })).kind, 'committed')
  await engine.sql(`INSERT INTO lake.db.ours VALUES (2, timestamp'2026-01-02 00:00:00', 2.50, 'new')`, signal)
  const { metadata } = await catalog.loadTable(ours)
  assert.deepEqual([metadata.snapshots.length, metadata.properties['note']], [2, 'kept'])

  await catalog.renameTable(ours, { namespace: ['db'], name: 'renamed' })
  assert.equal((await engine.readRows({ table: 'lake.db.renamed' })).length, 2)
  await engine.sql('ALTER TABLE lake.db.renamed RENAME TO lake.db.again', signal)
  const again = { namespace: ['db'], name: 'again' }
  assert.equal((await catalog.loadTable(again)).metadata.tableUuid, metadata.tableUuid)
  // A table of another kind is not ours, and keeps its name.
  await engine.sql('CREATE VIEW lake.db.seen AS SELECT id FROM lake.db.again', signal)
  const listed = await catalog.listTables(['db'])
  assert.deepEqual(
    listed.items.map((table) => table.name),
    ['again', 'v2', 'v3'],
  )
  await assert.rejects(catalog.loadTable({ namespace: ['db'], name: 'seen' }), /does not exist/)
  await assert.rejects(catalog.renameTable(again, { namespace: ['db'], name: 'seen' }), /already exists/)

  await catalog.updateNamespace(['db'], { set: { level: 'gold' }, remove: ['comment'] })
  const described = await engine.query('DESCRIBE NAMESPACE EXTENDED lake.db')
  assert.match(JSON.stringify(described.rows), /level,gold/)
  await engine.sql('DROP TABLE lake.db.again', signal)
  assert.equal(await catalog.findMetadataLocation(again), undefined)
}
