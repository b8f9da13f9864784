import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { openCatalogs } from '@moraine/server/catalogs/open-catalogs'
import { secretVault } from '@moraine/server/secrets/secret-vault'
import { SILENT_LOG } from '@moraine/server/service/log'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { eventually } from '@moraine/testkit/eventually'
import { orderBatch } from '../sample/sample-orders.ts'
import { sampleFigures } from '../sample/sample-report.ts'
import { SAMPLE_TABLE } from '../sample/sample-writer.ts'
import { serviceUrl, startCli } from '../testing/start-cli.ts'

// The service as a user runs it: real processes, real files, and nobody who asks before killing them.

const dataDir = await mkdtemp(join(tmpdir(), 'moraine-serve-'))
after(() => rm(dataDir, { recursive: true, force: true }))

const serviceArgs = ['start', '--port', '0', '--thrift-port', '0', '--data-dir', dataDir]

type Table = { readonly tableId: number; readonly phase: string }
type Process = { readonly processId: string; readonly state: { readonly status: string } }

async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url)
  assert.equal(response.status, 200, url)
  return ((await response.json()) as { result: { list: T } }).result.list
}

const processesOf = (url: string) =>
  getJson<readonly Process[]>(`${url}/api/ams/v1/tables/catalogs/lake/dbs/sample/tables/orders/optimizing-processes`)

/** Row ids after the first `commits` batches of the sample's writer, by its definition. */
function expectedRows(commits: number): number {
  const live = new Set<bigint>()
  for (let commit = 0; commit < commits; commit += 1) {
    const { inserted, updated, deleted } = orderBatch(commit, 0n)
    for (const { orderId } of deleted) live.delete(orderId)
    for (const { orderId } of [...inserted, ...updated]) live.add(orderId)
  }
  return live.size
}

test('a killed service comes back, finishes what was begun, and no row is lost', { timeout: 180_000 }, async () => {
  const first = startCli(serviceArgs)
  await first.line(/registered in group default/)
  await first.line(/task \d+\/1: done/)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')

  const second = startCli(serviceArgs)
  const url = await serviceUrl(second)
  // The sample's table is seen, and one optimizing of it has been committed.
  await second.line(/rows before and after are the same/)
  assert.equal((await getJson<readonly Table[]>(`${url}/api/ams/v1/moraine/tables`)).length, 1)
  await eventually('a process that succeeded', async () =>
    (await processesOf(url)).find(({ state }) => state.status === 'succeeded'),
  )
  assert.equal(await second.stop(), 0)

  const { rows, commits } = await readSample()
  assert.equal(rows, expectedRows(commits))
})

/** The sample table as it lies on disk, read without the service. */
async function readSample(): Promise<{ readonly rows: number; readonly commits: number }> {
  const log = SILENT_LOG
  const nothing = async () => undefined
  const common = { clock: systemClock, random: systemRandom, log }
  const { stores, close } = await openSqlite(join(dataDir, 'moraine.db'))
  const pool = new DuckDbPool({ clock: systemClock, size: 1 })
  try {
    const { catalog, io } = await openCatalogs({
      ...common,
      store: stores.catalogs,
      stagedKey: systemRandom.bytes(32),
      vault: secretVault(systemRandom.bytes(32), systemRandom),
      pointers: stores.pointers,
      drops: { pointers: stores.drops, retentionMs: 0 },
      others: { findWarehouse: nothing, findTable: nothing, findUser: nothing },
    })('lake')
    const table = await catalog.loadTable(SAMPLE_TABLE)
    const numbers = table.metadata.snapshots.map(({ summary }) => Number(summary['sample.commit'] ?? -1))
    const context = {
      ...common,
      io,
      pool,
      workDir: dataDir,
      signal: new AbortController().signal,
      timeoutMs: 60_000,
      onProgress: () => {},
    }
    const { rows } = await sampleFigures(table, must(table.metadata.currentSnapshotId, 'snapshot'), context)
    return { rows, commits: Math.max(...numbers) + 1 }
  } finally {
    await pool.close()
    await close()
  }
}
