import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { currentSnapshot } from '@moraine/iceberg/metadata/snapshot-history'
import { readLiveFiles } from '@moraine/iceberg/scan/read-manifests'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { must } from '@moraine/stdx/assert'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { freePort } from '@moraine/testkit/free-port'
import { contentFile, orderDataFile } from '../sample/order-files.ts'
import { orderBatch, type Region } from '../sample/sample-orders.ts'
import { createLakeTable, ORDERS_TABLE } from '../testing/lake-table.ts'
import { descendants, listProcesses } from '../testing/process-tree.ts'
import { type StartedCli, serviceUrl, startCli } from '../testing/start-cli.ts'
import { spinUntil, tablePath } from '../testing/test-service.ts'

// One service and two optimizers of two threads each, on a table of many partitions, so that several groups of one process
// are worked on at a time. In each round some of these processes are killed while tasks run, and started again. Then the
// table comes to rest: its rows are there once, every file of every snapshot is there, and no process committed twice.

// Any text will do; the type lists those of the sample.
const REGIONS = Array.from({ length: 8 }, (_, at) => `region-${at}` as Region)
const ROWS = 4000

type Victim = 'service' | 'first' | 'second'
const ROUNDS: readonly (readonly Victim[])[] = [
  ['first'],
  ['second', 'service'],
  ['first', 'second'],
  ['first', 'second', 'service'],
]

const root = mkdtempSync(join(tmpdir(), 'moraine-two-'))
const temporary = join(root, 'tmp')
const dataDir = join(root, 'data')
for (const directory of [temporary, dataDir]) mkdirSync(directory)
const ports = [await freePort(), await freePort()]
const config = join(root, 'config.yaml')
writeFileSync(
  config,
  [
    'ams:',
    `  data-dir: ${dataDir}`,
    `  http-server.bind-port: ${ports[0]}`,
    `  thrift-server.optimizing-service.bind-port: ${ports[1]}`,
    '  refresh-external-catalogs.interval: 500ms',
    '  refresh-tables.interval: 200ms',
    '  refresh-tables.max-interval: 200ms',
    // More than the pause between two of an optimizer's.
    '  optimizer.heart-beat-timeout: 11s',
    '  optimizer.task-ack-timeout: 2s',
    '',
  ].join('\n'),
)
const { stores, close } = await openSqlite(join(dataDir, 'moraine.db'))
await stores.catalogs.saveCatalog({ name: 'disk', type: 'hadoop', properties: { warehouse: join(root, 'warehouse') } })
await close()

const table = await createLakeTable(join(root, 'warehouse'), { namespace: ['db'], name: 'orders' }, ORDERS_TABLE)
const running = new Map<Victim, StartedCli>()
let url = ''
let commits = 0
after(async () => {
  for (const { child } of running.values()) await killTree(must(child.pid, 'pid'))
  rmSync(root, { recursive: true, force: true })
})
await appendRound()
await start('service')
await start('first')
await start('second')

for (const victims of ROUNDS) {
  test(`${victims.join(', ')} killed while several tasks run`, { timeout: 120_000 }, async (context) => {
    await comesToRest()
    await appendRound()
    let atWork = 0
    await spinUntil(async () => {
      atWork = (await tasksOfNewest()).filter(({ status }) => status === 'ACKED').length
      return atWork >= 2
    })
    for (const victim of victims) await killTree(must(running.get(victim)?.child.pid, victim))
    for (const victim of victims) await start(victim)
    await comesToRest()
    context.diagnostic(`${atWork} tasks were at work`)
  })
}

test('rows, files, commits and processes afterwards', { timeout: 60_000 }, async () => {
  const { metadata } = await table.load()
  const marks = metadata.snapshots.flatMap(({ summary }) => summary[PROCESS_MARK] ?? [])
  assert.equal(new Set(marks).size, marks.length, 'a process was committed twice')
  const io = localFileIO(systemRandom)
  for (const snapshot of metadata.snapshots) {
    const { data } = await readLiveFiles(io, metadata, snapshot)
    for (const { file } of data) assert.ok(existsSync(file.filePath), file.filePath)
  }
  const { data } = await readLiveFiles(io, metadata, must(currentSnapshot(metadata), 'snapshot'))
  assert.equal(data.length, REGIONS.length)
  for (const region of REGIONS) {
    const rows = data.filter(({ file }) => file.partition[0] === region).map(({ file }) => file.recordCount)
    assert.deepEqual(rows, [commits * 2 * ROWS], region)
  }
  for (const name of ['first', 'second', 'service'] as const) assert.equal(await running.get(name)?.stop(), 0, name)
  running.clear()
  assert.deepEqual(readdirSync(temporary), [])
})

/** Two small files in each partition, by one commit. */
async function appendRound(): Promise<void> {
  const added = []
  for (const region of REGIONS) {
    for (const half of [0, 1]) {
      const orders = Array.from({ length: ROWS / 40 }, (_, at) => orderBatch(at + half, BigInt(commits)).inserted)
        .flatMap((batch) => batch.slice(0, 40))
        .map((order) => ({ ...order, region }))
      const bytes = orderDataFile(orders)
      const filePath = await table.store(`data/region=${region}/${commits}-${half}.parquet`, bytes)
      const orderIds = orders.map(({ orderId }) => orderId)
      added.push(contentFile('data', { filePath, region, bytes, orderIds }))
    }
  }
  await table.commit(added)
  commits += 1
}

async function start(name: Victim): Promise<void> {
  const env = { TMPDIR: temporary }
  if (name === 'service') {
    const service = startCli(['serve', '--config', config], env)
    running.set(name, service)
    url = await serviceUrl(service)
    return
  }
  const args = ['optimizer', '--url', `thrift://127.0.0.1:${ports[1]}`, '--threads', '2', '--memory', '128']
  running.set(name, startCli(args, env))
}

/** SIGKILL for a process and its children, of which none gets to clean up. */
async function killTree(pid: number): Promise<void> {
  const pids = [pid, ...descendants(pid, listProcesses()).map((each) => each.pid)]
  for (const each of pids) {
    try {
      process.kill(each, 'SIGKILL')
    } catch {
      // It has ended by itself meanwhile.
    }
  }
  await spinUntil(() => listProcesses().every((each) => !pids.includes(each.pid)))
}

type Process = { readonly processId: string; readonly state: { readonly status: string } }

async function list<T>(path: string): Promise<readonly T[]> {
  const response = await fetch(`${url}${tablePath('orders')}${path}`).catch(() => undefined)
  // Right after a start the service has not found the table yet.
  if (response?.status !== 200) return []
  return (
    (await response.json()) as {
      readonly result: { readonly list: readonly T[] }
    }
  ).result.list
}

async function tasksOfNewest(): Promise<readonly { readonly status: string }[]> {
  const [newest] = await list<Process>('/optimizing-processes?pageSize=1')
  if (newest?.state.status !== 'executing') return []
  return list(`/optimizing-processes/${newest.processId}/tasks`)
}

/** Until every partition is one file, and nothing runs. */
async function comesToRest(): Promise<void> {
  await spinUntil(async () => {
    const { metadata } = await table.load()
    const files = currentSnapshot(metadata)?.summary['total-data-files']
    if (files !== String(REGIONS.length)) return false
    const processes = await list<Process>('/optimizing-processes?pageSize=100')
    return processes.length > 0 && processes.every(({ state }) => !['executing', 'committing'].includes(state.status))
  })
}
