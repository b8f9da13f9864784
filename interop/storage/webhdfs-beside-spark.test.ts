import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { systemClock } from '@moraine/stdx/clock'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { listOf, record, required, text } from '@moraine/stdx/exact-json-decode'
import { seededRandom, systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { byDepth } from '../lab/depth.ts'
import { type Hdfs, startHdfs } from '../lab/hdfs.ts'
import { moraine, type OptimizeRun, startService, untilAnswered } from '../lab/moraine.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { assertHistory } from '../optimize/assert-history.ts'
import { type LedgeredWriter, ledgeredSpark, ledgeredWriter } from '../optimize/ledgered-writer.ts'
import { accountForObjects } from './s3-objects.ts'
import { type NameNodeMessage, type NameNodeProxy, nameNodeProxy } from './webhdfs-proxy.ts'

// Spark's own hadoop catalog, on HDFS by its RPC, and Moraine, by WebHDFS, make versions of the same tables with nobody
// between them. What Spark committed is in a ledger; Spark reads every snapshot. Then HDFS is killed at moments of a
// rewrite, and started again.

const SPARK_COMMITS_MIN = byDepth({ usual: 8, all: 12 })
const REWRITES_MIN = byDepth({ usual: 2, all: 3 })
const CONFLICT =
  /was removed from the table meanwhile|deletes rows of .* meanwhile|during each of \d+ attempts to commit/

const [hdfs, spark] = [startHdfs(`spark-${process.pid}`), await startSpark(sparkAs('lab'))]
const proxy =
  hdfs.kind === 'started' ? await nameNodeProxy(hdfs.engine.settings['dfs.namenode.http-address'] ?? '') : undefined
after(async () => {
  await proxy?.close()
  if (spark.kind === 'started') await spark.engine.stop()
  if (hdfs.kind === 'started') hdfs.engine.stop()
})

if (hdfs.kind === 'started' && spark.kind === 'started' && proxy !== undefined) {
  const settings = { ...hdfs.engine.settings, 'dfs.namenode.http-address': proxy.address }
  const warehouse = `${hdfs.engine.uri}/lab/ware house`
  const lab = { hdfs: hdfs.engine, spark: spark.engine, proxy, settings, warehouse }
  await spark.engine.addCatalog('lake', { type: 'hadoop', warehouse, 'cache-enabled': 'false' })
  test('Spark writes throughout many runs of the command', { timeout: 400_000 }, (context) => command(context, lab))
  test('Spark writes throughout the work of the service', { timeout: 400_000 }, (context) => service(context, lab))
  for (const moment of moments()) {
    test(`HDFS is killed: ${moment.name}`, { timeout: 300_000 }, (context) => killedAt(context, lab, moment))
  }
} else {
  const reasons = [hdfs, spark].map((started) => (started.kind === 'unavailable' ? started.why : ''))
  test('Spark on HDFS beside Moraine', (context) => context.skip(reasons.find((reason) => reason !== '')))
}

type Lab = {
  readonly hdfs: Hdfs
  readonly spark: Spark
  readonly proxy: NameNodeProxy
  /** By the proxy. */
  readonly settings: StorageSettings
  readonly warehouse: string
}

// The user of the lab's directory, for Hadoop's client in the driver. Without colons, its names are kept by HDFS.
function sparkAs(user: string): Readonly<Record<string, string>> {
  return { 'spark.driver.extraJavaOptions': `-Duser.timezone=UTC -DHADOOP_USER_NAME=${user}` }
}

async function command(context: TestContext, lab: Lab): Promise<void> {
  const { signal } = context
  const writer = await ledgeredWriter(ledgeredSpark(lab.spark, 2), 'lake.db.commanded', seededRandom(3))
  for (let at = 0; at < 4; at += 1) await writer.step(signal)
  const runs: OptimizeRun[] = []
  const rewrites = () => runs.filter(({ outcome }) => outcome === 'committed').length
  const isEnough = () => writer.states.length > SPARK_COMMITS_MIN && rewrites() >= REWRITES_MIN
  await Promise.all([
    (async () => {
      while (!isEnough()) await writer.step(signal)
    })(),
    (async () => {
      while (!isEnough()) runs.push(await optimize(lab, 'commanded', signal))
    })(),
  ])
  const failures = runs.flatMap((run) => run.failures)
  for (const reason of failures) assert.match(reason, CONFLICT)
  const last = await optimize(lab, 'commanded', signal) // alone at last
  assert.deepEqual([last.code, last.failures], [0, []])
  runs.push(last)
  assert.equal(await rewritesOf(lab, 'commanded', writer), rewrites())
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of Spark, ${runs.length} runs, ${rewrites()} rewrites and ${failures.length} conflicting groups of Moraine`,
  )
}

async function service(context: TestContext, lab: Lab): Promise<void> {
  const { signal } = context
  const dataDir = mkdtempSync(`${tmpdir()}/moraine-hdfs-service-`)
  context.after(() => rmSync(dataDir, { recursive: true, force: true }))
  const { stores, close } = await openSqlite(`${dataDir}/moraine.db`)
  const properties = { warehouse: lab.warehouse, ...lab.settings }
  await stores.catalogs.saveCatalog({ name: 'lake', type: 'hadoop', properties })
  await close()
  const writer = await ledgeredWriter(ledgeredSpark(lab.spark, 3), 'lake.db.served', seededRandom(4))
  for (let at = 0; at < 3; at += 1) await writer.step(signal)
  const running = await startService(dataDir)
  context.after(() => running.kill())
  const table = { catalog: 'lake', db: 'db', table: 'served' }
  let enough = false
  await Promise.all([
    (async () => {
      while (!enough) await writer.step(signal)
    })(),
    untilAnswered(async () => {
      await running.requestOptimizing(table, 'full')
      const done = (await running.listProcesses(table)).filter(({ state }) => state.status === 'succeeded')
      enough = done.length >= 2 && writer.states.length > SPARK_COMMITS_MIN / 2
      return enough || undefined
    }, signal).finally(() => {
      enough = true
    }),
  ])
  const processes = await untilAnswered(() => running.findSettled(table), signal)
  await running.stop()
  const failed = processes.filter(({ state }) => state.status !== 'succeeded')
  for (const { failReason } of failed) assert.match(failReason ?? '', CONFLICT)
  assert.ok((await rewritesOf(lab, 'served', writer)) >= 2)
  context.diagnostic(
    `${writer.states.length - 1} commits of Spark, ${processes.length} processes, ${failed.length} conflicts`,
  )
}

type Moment = { readonly name: string; readonly isIt: (message: NameNodeMessage) => boolean }

// A function, since it is called before constants below are initialized.
function moments(): readonly Moment[] {
  const isVersion = ({ operation, destination }: NameNodeMessage) =>
    operation === 'RENAME' && /\/v\d+\.metadata\.json$/.test(destination)
  return [
    {
      name: 'a data file is read',
      isIt: ({ kind, operation, path }) => kind === 'request' && operation === 'OPEN' && path.includes('/data/'),
    },
    {
      name: 'an output is created',
      isIt: ({ kind, operation, path }) => kind === 'request' && operation === 'CREATE' && path.includes('/data/'),
    },
    { name: 'the commit', isIt: (message) => message.kind === 'request' && isVersion(message) },
    { name: 'the answer to the commit', isIt: (message) => message.kind === 'answer' && isVersion(message) },
  ]
}

async function killedAt(context: TestContext, lab: Lab, { name, isIt }: Moment): Promise<void> {
  const table = `killed_${name.replaceAll(' ', '_')}`
  const writer = await ledgeredWriter(ledgeredSpark(lab.spark, 2), `lake.db.${table}`, seededRandom(5))
  for (let at = 0; at < 4; at += 1) await writer.step(context.signal)
  let restarted: Promise<void> | undefined
  lab.proxy.tap = async (message) => {
    // It is away for longer than calls are tried again: those that come meanwhile wait.
    if (restarted !== undefined) await restarted
    if (restarted !== undefined || !isIt(message)) return 'forward'
    restarted = lab.hdfs.kill().then(() => lab.hdfs.start())
    await restarted
    return 'drop'
  }
  const run = await optimize(lab, table, context.signal)
  await restarted
  lab.proxy.tap = async () => 'forward'
  assert.ok(restarted, 'the moment came')
  assert.deepEqual([run.code, run.outcome], [0, 'committed'])
  assert.equal(await rewritesOf(lab, table, writer), 1)
  assert.equal((await optimize(lab, table, context.signal)).outcome, 'nothing to do')
  const { lost, strays } = await accountForObjects(storage(lab), await load(lab, table))
  assert.deepEqual(lost, [])
  assert.deepEqual(strays, [])
}

async function optimize({ settings, warehouse }: Lab, table: string, signal: AbortSignal): Promise<OptimizeRun> {
  const options = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  const args = ['table', 'optimize', `${warehouse}/db/${table}`, '--type', 'full', '--json', '--storage', ...options]
  const { code, stdout, stderr } = await moraine(args, signal)
  if (stdout === '' && /during each of \d+ attempts to commit/.test(stderr)) {
    return { code, outcome: 'gave up', failures: [stderr.trim()] }
  }
  assert.notEqual(stdout, '', `no report, exit code ${code}: ${stderr}`)
  const report = record(parseExactJson(stdout, 'report'), { document: 'report', kind: 'corrupt' })
  const failures = required(report, 'failures', listOf(record)).map((failure) => required(failure, 'reason', text))
  return { code, outcome: required(report, 'outcome', text), failures }
}

function storage({ settings }: Lab) {
  return openStorage(settings, { clock: systemClock, random: systemRandom })
}

async function load(lab: Lab, name: string) {
  const components = { io: storage(lab), clock: systemClock, random: systemRandom, onLeftover: assert.ifError }
  const catalog = filesystemCatalog({ name: 'lake', warehouse: lab.warehouse, ...components })
  return catalog.loadTable({ namespace: ['db'], name })
}

/** How many rewrites there were; fails unless every snapshot holds, for Spark, what the ledger held then. */
async function rewritesOf(lab: Lab, name: string, writer: LedgeredWriter): Promise<number> {
  const { snapshots } = (await load(lab, name)).metadata
  const read = (snapshotId: bigint) => lab.spark.readRows({ table: `lake.db.${name}`, snapshotId })
  return assertHistory(snapshots, writer, read)
}
