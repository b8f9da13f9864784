import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { runPlan } from '@moraine/cli/optimize/optimize-table'
import type { RequestedType } from '@moraine/maintenance/plan/evaluate-partition'
import { planTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { seededRandom, systemRandom } from '@moraine/stdx/random'
import { type HiveMetastore, startHive, stopHive } from '../lab/hive.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { type LedgeredWriter, ledgeredSpark, ledgeredWriter } from '../optimize/ledgered-writer.ts'
import { connectToHive, heldLocks, io, openHive } from './metastore-tools.ts'

// Spark writes tables of a Hive catalog all the time while Moraine optimizes the same tables through the same metastore,
// both under its locks. (Hive 4 has not all the calls of the client that Spark brings along.) What Spark committed is in a ledger. At the end the history is one line of commits of both, every
// snapshot in it as Spark reads it holds what the ledger held then, and no lock is left.

const SPARK_COMMITS_MIN = 16
const REWRITES_MIN = 4
const CONFLICT = /was removed from the table meanwhile|deletes rows of .* meanwhile/

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
  const metastore = connectToHive(uri)
  after(() => Promise.all([catalog.close(), metastore.close()]))
  await catalog.createNamespace(['db'], { comment: 'of both' })
  return { engine, catalog, metastore }
}

type Run = { readonly outcome: 'committed' | 'nothing' | 'gave up'; readonly failures: readonly string[] }

async function besideSpark(context: TestContext, lake: Lake, version: 2 | 3): Promise<void> {
  const { signal } = context
  const { engine, catalog } = lake
  const table = `v${version}`
  const identifier = { namespace: ['db'], name: table }
  const writer = await ledgeredWriter(ledgeredSpark(engine, version), `lake.db.${table}`, seededRandom(version))
  for (let at = 0; at < 4; at += 1) await writer.step(signal)
  const runs: Run[] = []
  const rewrites = () => runs.filter(({ outcome }) => outcome === 'committed').length
  const isEnough = () => writer.states.length > SPARK_COMMITS_MIN && rewrites() >= REWRITES_MIN
  await Promise.all([
    (async () => {
      while (!isEnough()) await writer.step(signal)
    })(),
    (async () => {
      const types = ['full', 'minor', 'auto', 'major'] as const
      while (!isEnough())
        runs.push(await optimize(catalog, identifier, types[runs.length % types.length] ?? 'full', signal))
    })(),
  ])
  const failures = runs.flatMap((run) => run.failures)
  for (const reason of failures) assert.match(reason, CONFLICT)
  // Alone at last.
  const last = await optimize(catalog, identifier, 'full', signal)
  assert.deepEqual(last.failures, [])
  runs.push(last)
  assert.equal(await compareHistory(engine, `lake.db.${table}`, writer), rewrites())
  assert.deepEqual(await heldLocks(lake.metastore), [])
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of Spark, ${runs.length} runs, ${rewrites()} rewrites and ${failures.length} conflicting groups of Moraine`,
  )
}

async function optimize(
  catalog: ReturnType<typeof openHive>,
  identifier: TableIdentifier,
  type: RequestedType,
  signal: AbortSignal,
): Promise<Run> {
  const state = await readTable(io, await catalog.loadTable(identifier, signal), signal)
  const plan = await planTable(io, state, { type, now: systemClock.now() }, signal)
  if (plan === undefined || plan.groups.length === 0) return { outcome: 'nothing', failures: [] }
  const table = { name: identifier.name, identifier, store: catalog, io, storage: {} }
  const context = { clock: systemClock, random: systemRandom, pool, workDir, threads: 2, timeoutMs: 120_000, signal }
  try {
    const { commit, failures } = await runPlan(table, plan, { ...context, onGroup: () => {} })
    assert.notEqual(commit.kind, 'unknown')
    const outcome = commit.kind === 'committed' ? 'committed' : 'nothing'
    return { outcome, failures: failures.map(({ reason }) => reason) }
  } catch (error) {
    if (!isKind(error, 'conflict')) throw error
    return { outcome: 'gave up', failures: [] }
  }
}

/** Fails unless all snapshots are one line and each holds what the ledger held at that commit; how many are ours. */
async function compareHistory(engine: Spark, table: string, writer: LedgeredWriter): Promise<number> {
  const { rows } = await engine.query(
    `SELECT snapshot_id, parent_id, summary['snapshot.producer'] FROM ${table}.snapshots ORDER BY committed_at`,
  )
  const byId = new Map(rows.map(([id, parent, producer]) => [String(id), { parent, isOurs: producer === 'OPTIMIZE' }]))
  const refs = await engine.query(`SELECT snapshot_id FROM ${table}.refs WHERE name = 'main'`)
  const line: string[] = []
  for (let id = String(refs.rows[0]?.[0]); id !== 'null'; id = String(byId.get(id)?.parent ?? 'null')) line.unshift(id)
  assert.equal(line.length, byId.size, 'the history is one line')
  let commit = 0
  for (const id of line) {
    if (byId.get(id)?.isOurs !== true) commit += 1
    const read = await engine.readRows({ table, snapshotId: BigInt(id) })
    assert.deepEqual(read, writer.states[commit], `snapshot ${id}`)
  }
  assert.equal(commit, writer.states.length - 1, 'every commit of Spark is in the history, and no other')
  assert.deepEqual(await engine.readRows({ table }), writer.states.at(-1))
  return line.length - commit
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
