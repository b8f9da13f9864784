import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { startLeashed } from '../lab/leashed.ts'
import { type MoraineService, moraine, startService, untilAnswered } from '../lab/moraine.ts'
import { type PyIceberg, startPyIceberg } from '../lab/pyiceberg.ts'
import { registerExternal } from '../lab/register-external.ts'
import { startMinio, stopMinio } from '../storage/minio.ts'
import { pyIcebergWriter } from './pyiceberg-writer.ts'
import { startShortSessions } from './short-sessions.ts'
import { writeBesideOptimizing, writeUntilOptimized } from './write-beside-optimizing.ts'

// One `moraine serve`, whose tables lie in MinIO, vends sessions of STS to another, which knows nothing of the store and
// optimizes the tables while PyIceberg writes them. The sessions end after seconds.

const LIFE_MS = 20_000
const ROLE = 'arn:aws:iam::000000000000:role/lake'

const name = `vended-optimizing-${process.pid}`
const minio = startMinio(name)
for (const key of Object.keys(process.env)) if (key.startsWith('AWS_')) delete process.env[key]
process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
const pyiceberg = await startPyIceberg()
const home = mkdtempSync(`${tmpdir()}/moraine-vended-optimizing-`)
after(async () => {
  if (pyiceberg.kind === 'started') await pyiceberg.engine.stop()
  stopMinio(name)
  rmSync(home, { recursive: true, force: true })
})

test('a service optimizes tables whose catalog vends sessions, which end meanwhile', {
  timeout: 300_000,
}, (context) => {
  if ('skip' in minio) return context.skip(minio.skip)
  if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
  return optimizeVended(context, pyiceberg.engine, minio.settings)
})

test('a catalog that only signs is refused as it is tested, with the remedy', { timeout: 120_000 }, (context) => {
  if ('skip' in minio) return context.skip(minio.skip)
  if (pyiceberg.kind === 'unavailable') return context.skip(pyiceberg.why)
  return refuseSigning(context, pyiceberg.engine, minio.settings)
})

type Settings = Readonly<Record<string, string>>

async function optimizeVended(context: TestContext, engine: PyIceberg, settings: Settings): Promise<void> {
  const first = await startVending(context, 'first', settings, 'sts-credentials')
  const sessions = await startShortSessions(first.url, settings, { lifeMs: LIFE_MS, role: ROLE })
  const service = await startService(join(home, 'second'))
  context.after(async () => {
    service.kill()
    await sessions.close()
  })
  const uri = `${first.url}/api/iceberg/rest`
  await engine.addCatalog('vending', { ...settings, type: 'rest', uri, warehouse: 'vending' })
  const writer = await pyIcebergWriter(engine, ['vending', 'db', 'events'])
  const read = (snapshotId: bigint) => engine.readRows({ table: ['vending', 'db', 'events'], snapshotId })
  await writer.step(context.signal) // so that the test of the catalog finds files

  const startedAt = Date.now()
  await registerExternal(service, 'far', 'rest', { uri: `${sessions.catalogUrl}/iceberg`, warehouse: 'vending' })
  const place = { url: `${uri}/v1/catalogs/vending` }
  await writeBesideOptimizing(context, service, ['db', 'events'], writer, read, { catalog: 'far', place })
  await untilAnswered(async () => Date.now() > startedAt + 2 * LIFE_MS || undefined, context.signal)
  // Every session of before has ended by now.
  await writeUntilOptimized(context, service, { catalog: 'far', db: 'db', table: 'events' }, writer)
  assert.deepEqual(await engine.readRows({ table: ['vending', 'db', 'events'] }), writer.states.at(-1))
  await assertViews(service)
  await service.stop()

  assert.ok(sessions.used() > 2, `${sessions.used()} sessions`)
  assert.deepEqual(sessions.refusals, [])
  const kept = readdirSync(join(home, 'second'), { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  )
  for (const file of kept) {
    const bytes = readFileSync(join(file.parentPath, file.name), 'latin1')
    for (const secret of sessions.secrets) assert.ok(!bytes.includes(secret), `${file.name} has a secret key`)
  }
  context.diagnostic(`${sessions.used()} of ${sessions.secrets.length} vended sessions were used, none after its end`)
}

/** What people see of the table needs its files, too. */
async function assertViews({ url }: MoraineService): Promise<void> {
  const table = `${url}/api/ams/v1/tables/catalogs/far/dbs/db/tables/events`
  for (const view of ['details', 'snapshots', 'operations', 'partitions']) {
    const answer = await fetch(`${table}/${view}`)
    assert.equal(answer.status, 200, `${view}: ${await answer.text()}`)
  }
}

async function refuseSigning(context: TestContext, engine: PyIceberg, settings: Settings): Promise<void> {
  const first = await startVending(context, 'signing', settings, 'remote-signing')
  const uri = `${first.url}/api/iceberg/rest`
  await engine.addCatalog('signing', { ...settings, type: 'rest', uri, warehouse: 'signing' })
  const writer = await pyIcebergWriter(engine, ['signing', 'db', 'events'])
  await writer.step(context.signal)
  const asked = ['header.X-Iceberg-Access-Delegation=remote-signing', `uri=${first.url}/iceberg`, 'warehouse=signing']
  const second = await startService(join(home, 'asking'))
  context.after(() => second.kill())
  const place = ['--type', 'rest', '--property', ...asked, '--server', second.url]
  const { code, stdout, stderr } = await moraine(['catalog', 'register', 'signed', ...place])
  assert.notEqual(code, 0)
  assert.match(`${stdout}${stderr}`, /can read +failed.*s3\.remote-signing-enabled.*have the catalog vend credentials/)
}

/**
 * A service with a catalog of that name on MinIO, which hands out access to its files in that way. It has no optimizer: its
 * own rewrites would leave the other service nothing to do, for which the writer waits.
 */
async function startVending(
  context: TestContext,
  catalog: string,
  settings: Settings,
  way: string,
): Promise<Pick<MoraineService, 'url'>> {
  const place = ['--port', '0', '--thrift-port', '0', '--data-dir', join(home, catalog)]
  const service = startLeashed('bin/moraine', ['serve', ...place])
  context.after(() => service.kill())
  const [, url = ''] = /listens on (http\S+?),/.exec(await service.line(/listens on/)) ?? []
  const named = catalog === 'first' ? 'vending' : catalog
  const given = {
    ...settings,
    warehouse: `s3://lab/${named}`,
    'access-delegation': way,
    'access-delegation.role-arn': ROLE,
  }
  const properties = Object.entries(given).map(([key, value]) => `${key}=${value}`)
  const args = ['catalog', 'register', named, '--type', 'ams', '--property', ...properties, '--server', url]
  const { code, stdout, stderr } = await moraine(args)
  assert.equal(code, 0, `${stdout}${stderr}`)
  return { url }
}
