import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, type TestContext, test } from 'node:test'
import { openExternalCatalog } from '@moraine/catalogs/open-catalog'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { openStorage } from '@moraine/storage/open-storage'
import { startDatabaseServer } from '../jdbc/database-server.ts'
import { startHive, stopHive } from '../lab/hive.ts'
import type { Started } from '../lab/json-lines-worker.ts'
import { type MoraineService, moraine, startService, untilAnswered } from '../lab/moraine.ts'
import { startMoto, stopMoto } from '../lab/moto.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { registerExternal } from '../lab/register-external.ts'
import { assertHistory } from '../optimize/assert-history.ts'
import { writeUntilOptimized } from '../rest/write-beside-optimizing.ts'
import { accountForObjects } from '../storage/s3-objects.ts'
import { portWriter } from './port-writer.ts'

// Catalogs that others keep, of every type that commits by swapping a pointer, are registered with `moraine serve`. It finds the
// table there and optimizes it with an optimizer, both processes of their own, while this process appends and deletes through
// the catalog. PyIceberg reads each snapshot as it was written, and what lies below the table is what it refers to.

type Properties = Readonly<Record<string, string>>
type Found = Started<Properties>
type Case = {
  readonly title: string
  readonly type: 'hive' | 'glue' | 'jdbc'
  readonly server: Found
  /** On top of what the server says. */
  readonly properties: Properties
}

const home = mkdtempSync(`${tmpdir()}/moraine-external-`)
const name = `external-${process.pid}`
const hive3: Found = startHive(`${name}-3`, 3)
const hive4: Found = startHive(`${name}-4`, 4)
const guarded: Found = startHive(`${name}-plain`, 4, 'plain')
const kerberized: Found = startHive(`${name}-kerberos`, 4, 'kerberos')
const moto = startMoto(name)
const databases = (['postgres', 'mariadb'] as const).map((kind) => startDatabaseServer(kind, name))
const [postgres, mariadb] = databases.map((started) => withProperties(started, (server) => server.properties))
const pyiceberg = await startPyIceberg()
const service = await startService(`${home}/service`)
after(async () => {
  await service.stop()
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
  for (const hive of ['3', '4', 'plain', 'kerberos']) stopHive(`${name}-${hive}`)
  stopMoto(name)
  for (const started of databases) if (started.kind === 'started') started.engine.stop()
  rmSync(home, { recursive: true, force: true })
})

writeFileSync(`${home}/catalog.db`, '') // a registration makes no file
const local = (folder: string) => ({ warehouse: `file:${home}/${folder}` })
const unlocked = { 'engine.hive.lock-enabled': 'false' }
const keys = { 'glue.access-key-id': 'lab', 'glue.secret-access-key': 'labsecret' }
const cases: readonly (Case | undefined)[] = [
  { title: 'hive-3', type: 'hive', server: hive3, properties: {} },
  { title: 'hive-4', type: 'hive', server: hive4, properties: {} },
  { title: 'hive-4-without-locks', type: 'hive', server: hive4, properties: unlocked },
  { title: 'hive-4-with-a-password', type: 'hive', server: guarded, properties: {} },
  { title: 'hive-4-with-kerberos', type: 'hive', server: kerberized, properties: {} },
  { title: 'glue', type: 'glue', server: withProperties(moto, ({ settings }) => settings), properties: keys },
  { title: 'sqlite', type: 'jdbc', server: inSqlite(), properties: local('sqlite') },
  postgres && { title: 'postgres', type: 'jdbc', server: postgres, properties: local('postgres') },
  mariadb && { title: 'mariadb', type: 'jdbc', server: mariadb, properties: local('mariadb') },
]

for (const each of cases) {
  if (each === undefined) continue
  test(`${each.title}: written throughout optimizing by the service`, { timeout: 180_000 }, async (context) => {
    if (each.server.kind === 'unavailable') return context.skip(each.server.why)
    if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
    const properties = { ...each.server.engine, ...each.properties }
    await optimizeThroughout(context, { service, engine: pyiceberg.engine }, each, properties)
  })
}

test('a metastore that is not signed in to is refused at the registration, with the reason', async (context) => {
  const token = 'hive.metastore.delegation-token'
  const wrong = [
    [
      guarded,
      { 'hive.metastore.client.plain.password': 'not-the-secret' },
      /refuses user lab: Error validating the login/,
    ],
    [guarded, { 'hive.metastore.client.auth.mode': 'NOSASL' }, /was lost.* does it expect SASL, or TLS/],
    [
      kerberized,
      { [token]: '' },
      /Kerberos .* is not supported; give a delegation token .* by hive.metastore.delegation/,
    ],
    [kerberized, { [token]: 'not-the-secret' }, /hive.metastore.delegation-token is none: give the text/],
  ] as const
  for (const [server, change, why] of wrong) {
    if (server.kind === 'unavailable') return context.skip(server.why)
    const given = Object.entries({ ...server.engine, ...change }).map(([key, value]) => `${key}=${value}`)
    const args = ['catalog', 'register', 'wrong', '--type', 'hive', '--property', ...given, '--server', service.url]
    const { code, stdout, stderr } = await moraine(args)
    assert.equal(code, 1, stderr)
    assert.match(stdout, /can be reached +failed/)
    assert.match(stdout, why)
    assert.ok(!`${stdout}${stderr}`.includes('secret'), stdout)
  }
})

type Lab = { readonly service: MoraineService; readonly engine: PyIceberg }

async function optimizeThroughout(context: TestContext, lab: Lab, { title, type }: Case, all: Properties) {
  const { service, engine } = lab
  // Two of the catalogs are of one server, and each looks after what is its own.
  const db = title.replaceAll('-', '_')
  const properties = { ...all, 'database-filter': db }
  const io = openStorage(all, { clock: systemClock, random: systemRandom })
  const onLeftover = (cause: unknown, what: readonly string[]) => {
    throw new Error(`${what.join(', ')} was left behind`, { cause })
  }
  const port = { clock: systemClock, random: systemRandom, io, onLeftover }
  const catalog = await openExternalCatalog({ ...port, name: title, type, properties: all })
  context.after(() => catalog.close?.())
  await catalog.createNamespace([db])
  const identifier = { namespace: [db], name: 'events' }
  const writer = await portWriter(catalog, io, identifier)
  for (let at = 0; at < 3; at += 1) await writer.step(context.signal)
  await registerExternal(service, title, type, properties)
  const table = { catalog: title, db, table: 'events' }
  const { failed } = await writeUntilOptimized(context, service, table, writer)
  // The writer's last commits may want one more process, once they are seen.
  const { loaded, processes } = await untilAnswered(async () => {
    const loaded = await catalog.loadTable(identifier)
    const processes = await service.findSettled(table, loaded.metadata.currentSnapshotId)
    return processes && { loaded, processes }
  }, context.signal)
  const rewrites = processes.filter(({ state }) => state.status === 'succeeded').length
  const read = (snapshotId: bigint) =>
    engine.readRows({ metadataFile: loaded.metadataLocation, properties: all, snapshotId })
  const ours = await assertHistory(loaded.metadata.snapshots, writer, read)
  assert.equal(ours, rewrites, 'each process that succeeded is a snapshot')
  const { lost, strays } = await accountForObjects(io, loaded)
  assert.deepEqual({ lost, strays }, { lost: [], strays: [] }, `at ${loaded.metadataLocation}`)
  context.diagnostic(
    `${writer.states.length - 1} commits and ${writer.conflicts()} conflicts of the writer, ${rewrites} rewrites and ${failed} conflicts of Moraine`,
  )
}

function withProperties<T>(started: Started<T>, propertiesOf: (engine: T) => Properties): Found {
  return started.kind === 'unavailable' ? started : { kind: 'started', engine: propertiesOf(started.engine) }
}

function inSqlite(): Found {
  return { kind: 'started', engine: { uri: `jdbc:sqlite:${home}/catalog.db` } }
}
