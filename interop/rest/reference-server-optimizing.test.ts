import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { must } from '@moraine/stdx/assert'
import { seededRandom } from '@moraine/stdx/random'
import { type MoraineService, startService, untilAnswered } from '../lab/moraine.ts'
import { registerExternal } from '../lab/register-external.ts'
import { type RestServer, startRestServer } from '../lab/rest-server.ts'
import { type Spark, startSpark } from '../lab/spark.ts'
import { assertHistory } from '../optimize/assert-history.ts'
import { type LedgeredWriter, ledgeredSpark, ledgeredWriter } from '../optimize/ledgered-writer.ts'
import { loadTableAt } from './rest-table.ts'
import { writeBesideOptimizing } from './write-beside-optimizing.ts'

// Iceberg's reference REST server is registered with `moraine serve` as an external catalog. Spark writes its tables through
// that server all the time while the service optimizes them there; then the server is killed and started again.

const serverName = `optimizing-${process.pid}`
const server = startRestServer(serverName)
const spark = await startSpark()
const dataDir = mkdtempSync(`${tmpdir()}/moraine-foreign-`)
const service = server.kind === 'started' && spark.kind === 'started' ? await startService(dataDir) : undefined
after(async () => {
  if (spark.kind === 'started') await spark.engine.stop()
  await service?.stop()
  if (server.kind === 'started') server.engine.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const TABLE = { catalog: 'far', db: 'db', table: 'orders' }

if (server.kind === 'started' && spark.kind === 'started' && service !== undefined) {
  const { uri = '' } = server.engine.properties
  await spark.engine.addCatalog('far', { type: 'rest', uri, 'cache-enabled': 'false' })
  await spark.engine.sql('CREATE NAMESPACE far.db')
  const writer = await ledgeredWriter(ledgeredSpark(spark.engine, 2), 'far.db.orders', seededRandom(3))
  const lab: Lab = { service, server: server.engine, spark: spark.engine, writer, place: { url: `${uri}/v1` } }
  test('Spark writes throughout optimizing', { timeout: 300_000 }, (context) => throughout(context, lab))
  test('the server is killed and started again', { timeout: 200_000 }, (context) => killedMeanwhile(context, lab))
} else {
  const missing = [server, spark].find((started) => started.kind === 'unavailable')
  test('the reference server', (context) => context.skip(missing?.kind === 'unavailable' ? missing.why : ''))
}

type Lab = {
  readonly service: MoraineService
  readonly server: RestServer
  readonly spark: Spark
  readonly writer: LedgeredWriter
  readonly place: { readonly url: string }
}

async function throughout(context: TestContext, { service, server, spark, writer, place }: Lab): Promise<void> {
  const folders = server.warehouse.replace(/^file:/, '')
  await registerExternal(service, 'far', 'rest', { ...server.properties, 'local.folders': folders })
  const read = (snapshotId: bigint) => spark.readRows({ table: 'far.db.orders', snapshotId })
  await writeBesideOptimizing(context, service, ['db', 'orders'], writer, read, { catalog: 'far', place })
}

async function killedMeanwhile(context: TestContext, { service, server, spark, writer, place }: Lab): Promise<void> {
  const { signal } = context
  for (let at = 0; at < 4; at += 1) await writer.step(signal)
  const known = (await service.listProcesses(TABLE)).length
  await untilAnswered(async () => (await service.requestOptimizing(TABLE, 'full')) || undefined, signal)
  // It is under way, and needs the catalog once more.
  await untilAnswered(async () => (await service.listProcesses(TABLE)).length > known || undefined, signal)
  server.kill()
  const statusOf = async (catalog: string) =>
    (await fetch(`${service.url}/iceberg/v1/catalogs/${catalog}/namespaces`, { signal })).status
  assert.equal(await statusOf('far'), 503)
  assert.equal(await statusOf('lake'), 200)
  server.startAgain()
  await untilAnswered(async () => (await statusOf('far')) === 200 || undefined, signal)

  for (let at = 0; at < 4; at += 1) await writer.step(signal)
  const succeeded = async () =>
    (await service.listProcesses(TABLE)).filter(({ state }) => state.status === 'succeeded').length
  const before = await succeeded()
  await untilAnswered(async () => {
    await service.requestOptimizing(TABLE, 'full')
    return (await succeeded()) > before || undefined
  }, signal)
  const processes = await untilAnswered(() => service.findSettled(TABLE), signal)
  assert.ok(processes.every(({ state }) => ['succeeded', 'failed'].includes(state.status)))
  const { snapshots } = await loadTableAt(place, 'db', 'orders')
  const read = (snapshotId: bigint) => spark.readRows({ table: 'far.db.orders', snapshotId })
  const ours = await assertHistory(snapshots, writer, read)
  assert.deepEqual(await spark.readRows({ table: 'far.db.orders' }), must(writer.states.at(-1), 'state'))
  const failed = processes.filter(({ state }) => state.status === 'failed').map(({ failReason }) => failReason)
  context.diagnostic(`${ours} rewrites, ${JSON.stringify(failed)}`)
}
