import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { GroupAllocationBody } from '@moraine/api/rest/allocation-schemas'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { appendOrders, createLakeTable, ORDERS_TABLE } from '../testing/lake-table.ts'
import { runCli } from '../testing/run-cli.ts'
import { type StartedCli, serviceUrl, startCli } from '../testing/start-cli.ts'
import { spinUntil } from '../testing/test-service.ts'

// A service with a group that has no optimizers until there is work, and none some time after it is done.

const root = mkdtempSync(join(tmpdir(), 'moraine-allocation-'))
const dataDir = join(root, 'data')
mkdirSync(dataDir)
const config = join(root, 'config.yaml')
writeFileSync(
  config,
  [
    'ams:',
    `  data-dir: ${dataDir}`,
    '  http-server.bind-port: 0',
    '  thrift-server.optimizing-service.bind-port: 0',
    '  refresh-external-catalogs.interval: 500ms',
    '  refresh-tables.interval: 200ms',
    '  refresh-tables.max-interval: 200ms',
    '',
  ].join('\n'),
)
const { stores, close } = await openSqlite(join(dataDir, 'moraine.db'))
const warehouse = join(root, 'warehouse')
await stores.catalogs.saveCatalog({ name: 'disk', type: 'hadoop', properties: { warehouse } })
await close()
const definition = { ...ORDERS_TABLE, properties: { ...ORDERS_TABLE.properties, 'self-optimizing.group': 'auto' } }
const table = await createLakeTable(warehouse, { namespace: ['db'], name: 'orders' }, definition)
const service: StartedCli = startCli(['serve', '--config', config])
after(async () => {
  await service.stop()
  rmSync(root, { recursive: true, force: true })
})
const server = await serviceUrl(service)

async function group(...args: readonly string[]) {
  return runCli(['group', ...args], { env: { MORAINE_SERVER: server } })
}

async function allocation(): Promise<GroupAllocationBody> {
  return JSON.parse((await group('explain', 'auto', '--json')).out) as GroupAllocationBody
}

const PROPERTIES = {
  enabled: 'true',
  'max-parallelism': '2',
  'executor-parallelism': '2',
  'scheduler-backlog-timeout': '1s',
  'sustained-backlog-timeout': '1s',
  'executor-idle-timeout': '30s',
  'scale-down-cooldown': '1s',
}

test('properties that cannot work are refused', { timeout: 60_000 }, async () => {
  assert.equal((await group('create', 'auto', '--container', 'local')).code, 0)
  assert.match((await group('explain', 'auto')).out, /^auto: off: dynamic allocation is off/)
  const wrong = await group('set', 'auto', '--property', 'dynamic-allocation.enabled=true')
  assert.notEqual(wrong.code, 0)
  assert.match(wrong.err, /resource group auto: dynamic-allocation\.max-parallelism must be set/)
  const byHand = await group('create', 'hand', '--property', 'dynamic-allocation.enabled=true')
  assert.match(byHand.err, /container 'external' launches no optimizers/)
  assert.match((await group('explain', 'none')).err, /resource group 'none' does not exist; `moraine group list` lists/)
})

test('an optimizer comes for work, and goes when it is idle', { timeout: 180_000 }, async (context) => {
  const set = Object.entries(PROPERTIES).flatMap(([key, value]) => ['--property', `dynamic-allocation.${key}=${value}`])
  assert.equal((await group('set', 'auto', ...set)).code, 0)
  await spinUntil(async () => (await allocation()).rule === 'enough')
  assert.match((await group('explain', 'auto')).out, /no work, and no optimizers\nwhat would change it: more work/)
  for (const at of [0, 1, 2]) await appendOrders(table, at)
  await spinUntil(async () => (await allocation()).launches > 0)
  context.diagnostic((await group('explain', 'auto')).out)
  await spinUntil(async () => {
    const { metadata } = await table.load()
    return currentSnapshot(metadata)?.summary['total-data-files'] === '1'
  })
  await spinUntil(async () => (await allocation()).releases > 0)
  await spinUntil(async () => (await allocation()).text === 'no work, and no optimizers')
  const { launches, releases, failures } = await allocation()
  assert.deepEqual({ launches, releases, failures }, { launches: 1, releases: 1, failures: [] })
  const metrics = await (await fetch(`${server}/metrics`)).text()
  assert.match(metrics, /^amoro_optimizer_group_scale_up_total\{group="auto"\} 1$/m)
})
