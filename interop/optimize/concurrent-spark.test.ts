import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { seededRandom } from '@moraine/stdx/random'
import { byDepth } from '../lab/depth.ts'
import { startDuckDb } from '../lab/duckdb.ts'
import { type OptimizeRun, optimizeTable, type ServiceProcess, startService, untilAnswered } from '../lab/moraine.ts'
import { startPyIceberg } from '../lab/pyiceberg.ts'
import { startSpark } from '../lab/spark.ts'
import { type LedgeredWriter, ledgeredSpark, ledgeredWriter } from './ledgered-writer.ts'
import { type Readers, type Reading, readStates } from './table-readers.ts'

// Spark inserts, deletes, updates and merges all the time while Moraine optimizes the same table of a filesystem
// catalog, where both make versions without anybody between them. What Spark committed is in a ledger. At the end the
// history is one line of commits of both, and every snapshot in it, as Spark, PyIceberg and DuckDB read it, holds what
// the ledger held then.

const SPARK_COMMITS_MIN = byDepth({ usual: 12, all: 24 })
const REWRITES_MIN = byDepth({ usual: 2, all: 4 })
const CONFLICT =
  /was removed from the table meanwhile|deletes rows of .* meanwhile|during each of \d+ attempts to commit/

const warehouse = mkdtempSync(`${tmpdir()}/moraine-concurrent-`)
const [spark, pyiceberg, duckdb] = await Promise.all([startSpark(), startPyIceberg(), startDuckDb()])
after(async () => {
  for (const started of [spark, pyiceberg, duckdb]) if (started.kind === 'started') await started.engine.stop()
  rmSync(warehouse, { recursive: true, force: true })
})

if (spark.kind === 'started' && pyiceberg.kind === 'started' && duckdb.kind === 'started') {
  const readers = { spark: spark.engine, pyiceberg: pyiceberg.engine, duckdb: duckdb.engine }
  await readers.spark.addCatalog('lake', { type: 'hadoop', warehouse })
  for (const [name, version] of [
    ['v2', 2],
    ['v3', 3],
  ] as const) {
    test(`${name}: Spark writes throughout many runs of moraine table optimize`, { timeout: 400_000 }, (context) =>
      besideTheCommand(context, readers, name, version),
    )
  }
  test('v2 and v3: Spark writes throughout the work of the service and an optimizer', { timeout: 400_000 }, (context) =>
    besideTheService(context, readers),
  )
} else {
  const reasons = [spark, pyiceberg, duckdb].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('Spark beside Moraine', (context) => context.skip(reasons.find((reason) => reason !== '')))
}

async function besideTheCommand(context: TestContext, readers: Readers, name: string, version: 2 | 3): Promise<void> {
  const { signal } = context
  const path = `${warehouse}/db/${name}`
  const writer = await ledgeredWriter(ledgeredSpark(readers.spark, version), `lake.db.${name}`, seededRandom(version))
  for (let at = 0; at < 4; at += 1) await writer.step(signal)
  const runs: OptimizeRun[] = []
  const rewrites = () => runs.filter(({ outcome }) => outcome === 'committed').length
  const isEnough = () => writer.states.length > SPARK_COMMITS_MIN && rewrites() >= REWRITES_MIN
  await Promise.all([
    (async () => {
      while (!isEnough()) await writer.step(signal)
    })(),
    (async () => {
      const types = ['full', 'minor', 'auto', 'major'] as const
      while (!isEnough()) runs.push(await optimizeTable(path, types[runs.length % types.length] ?? 'full', signal))
    })(),
  ])
  const reasons = runs.flatMap(({ failures }) => failures)
  for (const reason of reasons) assert.match(reason, CONFLICT)
  for (const { code, failures } of runs) assert.equal(code, failures.length === 0 ? 0 : 1)
  // Alone at last.
  const last = await optimizeTable(path, 'full', signal)
  assert.deepEqual([last.code, last.failures], [0, []])
  const committed = rewrites() + (last.outcome === 'committed' ? 1 : 0)
  assert.equal((await compareHistory(readers, name, writer)).rewrites, committed)
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of Spark, ${runs.length} runs, ${committed} rewrites and ${reasons.length} conflicting groups of Moraine`,
  )
}

async function besideTheService(context: TestContext, readers: Readers): Promise<void> {
  const { signal } = context
  const dataDir = `${warehouse}-service`
  context.after(() => rmSync(dataDir, { recursive: true, force: true }))
  await registerCatalog(dataDir)
  const writers = new Map<string, LedgeredWriter>()
  for (const version of [2, 3] as const) {
    const name = `served_v${version}`
    const writer = await ledgeredWriter(
      ledgeredSpark(readers.spark, version),
      `lake.db.${name}`,
      seededRandom(10 + version),
    )
    for (let at = 0; at < 3; at += 1) await writer.step(signal)
    writers.set(name, writer)
  }
  const service = await startService(dataDir)
  context.after(() => service.kill())
  const tableOf = (name: string) => ({ catalog: 'lake_of_spark', db: 'db', table: name })
  const succeeded = async (name: string) =>
    (await service.listProcesses(tableOf(name))).filter(({ state }) => state.status === 'succeeded').length
  let enough = false
  await Promise.all([
    (async () => {
      while (!enough) for (const writer of writers.values()) await writer.step(signal)
    })(),
    untilAnswered(async () => {
      for (const name of writers.keys()) await service.requestOptimizing(tableOf(name), 'full')
      const counts = await Promise.all([...writers.keys()].map(succeeded))
      const commits = [...writers.values()].map(({ states }) => states.length)
      enough = counts.every((count) => count >= REWRITES_MIN) && commits.every((count) => count > SPARK_COMMITS_MIN / 2)
      return enough || undefined
    }, signal).finally(() => {
      enough = true
    }),
  ])
  const processes = new Map<string, readonly ServiceProcess[]>()
  for (const name of writers.keys()) {
    processes.set(name, await untilAnswered(() => service.findSettled(tableOf(name)), signal))
  }
  await service.stop()
  for (const [name, writer] of writers) {
    const mine = processes.get(name) ?? []
    const failed = mine.filter(({ state }) => state.status !== 'succeeded')
    for (const { failReason } of failed) assert.match(failReason ?? '', CONFLICT)
    const { rewrites } = await compareHistory(readers, name, writer)
    assert.ok(rewrites >= REWRITES_MIN)
    context.diagnostic(
      `${name}: ${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of Spark, ${mine.length} processes, ${rewrites} rewrites, ${failed.length} conflicts of Moraine`,
    )
  }
}

/** A service that has never run, with the filesystem catalog in its registry. */
async function registerCatalog(dataDir: string): Promise<void> {
  mkdirSync(dataDir)
  const { stores, close } = await openSqlite(`${dataDir}/moraine.db`)
  await stores.catalogs.saveCatalog({ name: 'lake_of_spark', type: 'hadoop', properties: { warehouse } })
  await close()
}

/** Fails unless all snapshots are one line and each holds, for every engine, what the ledger held at that commit. */
async function compareHistory(readers: Readers, name: string, writer: LedgeredWriter): Promise<{ rewrites: number }> {
  await readers.spark.sql(`REFRESH TABLE lake.db.${name}`) // its catalog remembers tables for half a minute
  const { rows } = await readers.spark.query(
    `SELECT snapshot_id, parent_id, summary['snapshot.producer'] FROM lake.db.${name}.snapshots ORDER BY committed_at`,
  )
  const byId = new Map(rows.map(([id, parent, producer]) => [String(id), { parent, isOurs: producer === 'OPTIMIZE' }]))
  const refs = await readers.spark.query(`SELECT snapshot_id FROM lake.db.${name}.refs WHERE name = 'main'`)
  const line: string[] = []
  for (let id = String(refs.rows[0]?.[0]); id !== 'null'; id = String(byId.get(id)?.parent ?? 'null')) line.unshift(id)
  assert.equal(line.length, byId.size, 'the history is one line')

  const reading = await readStates(readers, `${warehouse}/db/${name}`, line.map(BigInt))
  let commit = 0
  for (const id of line) {
    if (byId.get(id)?.isOurs !== true) commit += 1
    assertRows(reading, id, writer.states[commit])
  }
  assert.equal(commit, writer.states.length - 1, 'every commit of Spark is in the history, and no other')
  assertRows(reading, 'current', writer.states.at(-1))
  return { rewrites: line.length - commit }
}

function assertRows(reading: Reading, state: string, rows: readonly string[] | undefined): void {
  for (const [engine, answers] of Object.entries(reading))
    assert.deepEqual(answers.get(state), { rows }, `${engine}, ${state}`)
}
