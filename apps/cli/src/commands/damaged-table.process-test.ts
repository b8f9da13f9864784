import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readManifests } from '@moraine/iceberg/scan/read-manifests'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { must } from '@moraine/stdx/assert'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { directoryChanges, directoryState, NO_CHANGES } from '@moraine/testkit/damage/directory-state'
import { createOrders, type LakeTable } from '../testing/lake-table.ts'
import { tappingProxy } from '../testing/tapping-proxy.ts'
import { spinUntil, startTestService, tablePath } from '../testing/test-service.ts'

// One service, one optimizer, some tables that are whole and some that are not. The whole ones are optimized; each of the
// others says what is wrong with it, naming the file, and is left as it is.

const root = mkdtempSync(join(tmpdir(), 'moraine-damaged-'))
const warehouse = join(root, 'warehouse')
const temporary = join(root, 'tmp')
mkdirSync(temporary)

type Damaged = { readonly table: LakeTable; readonly file: string }

async function damaged(name: string, damage: (table: LakeTable) => Promise<string>): Promise<Damaged> {
  const table = await createOrders(warehouse, name, 3)
  return { table, file: await damage(table) }
}

const damagedTables = [
  await damaged('a_cut_metadata', async (table) => cut((await table.load()).metadataLocation)),
  await damaged('b_version_4', async (table) => {
    const { metadataLocation } = await table.load()
    const text = readFileSync(metadataLocation, 'utf8').replace('"format-version":2', '"format-version":4')
    writeFileSync(metadataLocation, text)
    return metadataLocation
  }),
  await damaged('c_cut_manifest', async (table) => cut(await manifestOf(table))),
  await damaged('d_no_manifest', async (table) => {
    const path = await manifestOf(table)
    rmSync(path)
    return path
  }),
  await damaged('e_cut_data', async (table) => cut(join(table.directory, 'data/region=eu/orders-1.parquet'))),
  await damaged('f_no_data', async (table) => {
    const path = join(table.directory, 'data/region=eu/orders-1.parquet')
    rmSync(path)
    return path
  }),
]
const healthy = [
  await createOrders(warehouse, 'g_healthy', 3),
  await createOrders(warehouse, 'h_healthy', 3),
  await createOrders(warehouse, 'i_healthy', 3),
]
const before = damagedTables.map(({ table }) => directoryState(table.directory))
const proxy = await tappingProxy()
const service = await startTestService({ dataDir: join(root, 'data'), warehouse, temporary, proxy })

after(async () => {
  service.child.kill('SIGKILL')
  await proxy.close()
  rmSync(root, { recursive: true, force: true })
})

test('tables that are whole are optimized beside damaged ones', { timeout: 120_000 }, async () => {
  for (const table of healthy) {
    await spinUntil(async () => {
      const { metadata } = await table.load()
      return currentSnapshot(metadata)?.summary[PROCESS_MARK] !== undefined
    })
  }
})

for (const [at, { table, file }] of damagedTables.entries()) {
  const { name } = table.identifier
  test(`${name} says what is wrong with it, and is left as it is`, { timeout: 120_000 }, async () => {
    let said = ''
    await spinUntil(async () => {
      said = JSON.stringify([await get(name, '/verdict'), await get(name, '/optimizing-processes'), await tasks(name)])
      return said.includes(basename(file))
    })
    const { added, ...rest } = directoryChanges(must(before[at], name), directoryState(table.directory))
    assert.deepEqual({ added, ...rest }, NO_CHANGES)
  })
}

test('the service goes on, and stops when it is told to', { timeout: 60_000 }, async () => {
  assert.equal((await fetch(`${service.url}/api/ams/v1/health/status`)).status, 200)
  service.child.kill('SIGTERM')
  assert.deepEqual(await once(service.child, 'exit'), [0, null])
  assert.deepEqual(readdirSync(temporary), [])
})

async function get(name: string, path: string): Promise<unknown> {
  const response = await fetch(service.url + tablePath(name) + path)
  return response.json()
}

/** Of the newest process, if there is one. */
async function tasks(name: string): Promise<unknown> {
  const { result } = (await get(name, '/optimizing-processes')) as {
    result?: { list: readonly { processId: string }[] }
  }
  const [newest] = result?.list ?? []
  return newest && get(name, `/optimizing-processes/${newest.processId}/tasks`)
}

async function manifestOf(table: LakeTable): Promise<string> {
  const { metadata } = await table.load()
  const snapshot = must(currentSnapshot(metadata), 'snapshot')
  return must((await readManifests(localFileIO(systemRandom), metadata, snapshot))[0], 'manifest').manifestPath
}

function cut(path: string): string {
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.subarray(0, bytes.length / 2))
  return path
}
