import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { readLiveFiles, readManifests } from '@moraine/iceberg/scan/read-manifests'
import { PROCESS_MARK } from '@moraine/maintenance/commit/snapshot-marks'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { must } from '@moraine/stdx/assert'
import type { EpochMs } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { localFileIO } from '@moraine/storage/local-file-io'
import { isTemporaryName } from '@moraine/storage/local-temporary'
import { sampleFigures } from '../sample/sample-report.ts'
import { appendOrders, createOrders, type LakeTable, liveOrders } from '../testing/lake-table.ts'
import { descendants, listProcesses } from '../testing/process-tree.ts'
import { type Tapped, tappingProxy } from '../testing/tapping-proxy.ts'
import { spinUntil, startTestService, type TestService, tablePath } from '../testing/test-service.ts'

// The service, its optimizer and the DuckDB child of that, as real processes on a real disk, killed with SIGKILL at every
// step of a rewrite. A proxy between optimizer and service says when a step is reached: what is on the wire has been
// recorded, or not yet. After each kill everything is let go its way, and must come to rest by itself with the table
// optimized. In the end: the rows are those that were written, no live file is missing, every process was
// committed once, and every output that is not part of the table is on the list of what will be deleted.

type Step = 'planned' | 'polled' | 'acked' | 'executing' | 'written' | 'completed' | 'committing' | 'committed'
type Victim = 'service' | 'optimizer' | 'child'

// A container waits ever longer before it starts an optimizer again; a new service begins anew. Hence the order.
const KILLS: readonly (readonly [victim: Victim, at: Step])[] = [
  ['service', 'planned'],
  ['optimizer', 'polled'],
  ['service', 'polled'],
  ['optimizer', 'acked'],
  ['service', 'acked'],
  ['child', 'executing'],
  ['service', 'executing'],
  ['optimizer', 'executing'],
  ['service', 'written'],
  ['optimizer', 'written'],
  ['service', 'completed'],
  ['optimizer', 'completed'],
  ['service', 'committing'],
  ['service', 'committed'],
]

/** Killed at these, an attempt has nothing to show, and there is another. At the others none is wasted. */
const NEEDS_ANOTHER: ReadonlySet<Step> = new Set(['polled', 'acked', 'executing', 'written'])

const REST_WITHIN_MS = 45_000

const root = mkdtempSync(join(tmpdir(), 'moraine-crash-'))
const temporary = join(root, 'tmp')
mkdirSync(temporary)
const proxy = await tappingProxy()
const table = await createOrders(join(root, 'warehouse'), 'orders', 1)
let service = await startService()
const everSeen = new Set<number>()
after(async () => {
  service.child.kill('SIGKILL')
  await proxy.close()
  rmSync(root, { recursive: true, force: true })
})

let files = 1
for (const [victim, step] of KILLS) {
  test(`the ${victim} is killed: ${step}`, { timeout: 60_000 }, async (context) => {
    const letGo = await reach(step)
    ours()
    await kill(victim)
    const killedAt = performance.now()
    letGo()
    if (victim === 'service') service = await startService()
    await comesToRest()
    assert.equal(await attemptsOfLast(), NEEDS_ANOTHER.has(step) ? 2 : 1)
    context.diagnostic(`at rest again ${Math.round(performance.now() - killedAt)} ms later`)
  })
}

test('rows, files, commits and processes afterwards', { timeout: 120_000 }, async (context) => {
  ours()
  service.child.kill('SIGTERM')
  const [code] = (await once(service.child, 'exit')) as [number | null]
  assert.equal(code, 0)
  // Nobody is left behind: not the optimizers of killed services, not the children of killed optimizers.
  const stoppedAt = performance.now()
  await spinUntil(() => listProcesses().every(({ pid }) => !everSeen.has(pid)))
  context.diagnostic(`the last process ended ${Math.round(performance.now() - stoppedAt)} ms after the service`)

  assert.deepEqual(readdirSync(temporary), [], 'temporary files left')

  const reference = await createOrders(join(root, 'reference'), 'orders', files)
  const found = await rowsOf(table)
  assert.equal(found.rows, liveOrders(files))
  assert.deepEqual(found, await rowsOf(reference))

  const { metadata } = await table.load()
  const processes = metadata.snapshots.flatMap(({ summary }) => summary[PROCESS_MARK] ?? [])
  assert.equal(new Set(processes).size, processes.length, 'a process was committed twice')
  assert.ok(processes.length >= KILLS.length, `${processes.length} commits`)

  const { lost, unlisted, listed, metadataFiles, temporaryFiles } = await accountForFiles()
  assert.deepEqual(lost, [])
  assert.deepEqual(unlisted, [])
  context.diagnostic(
    `${processes.length} commits; ${listed} outputs on the list; ${metadataFiles} metadata files and ${temporaryFiles} temporary files without owner`,
  )
})

function startService(): Promise<TestService> {
  return startTestService({ dataDir: join(root, 'data'), warehouse: join(root, 'warehouse'), temporary, proxy })
}

/** Resolves when the step is reached, and until it is let go, the message that showed it waits at the proxy. */
async function reach(step: Step): Promise<() => void> {
  const gate = Promise.withResolvers<'forward' | 'drop'>()
  const reached = Promise.withResolvers<void>()
  const hold = () => {
    reached.resolve()
    return gate.promise
  }
  const on = (method: string, kind: Tapped['kind']) => (message: Tapped) =>
    message.method === method && message.kind === kind ? hold() : 'forward'
  let condition: (() => boolean | Promise<boolean>) | undefined
  let stopped: number | undefined
  switch (step) {
    case 'planned':
      // Nobody is given a task while the questions for one wait.
      proxy.tap = ({ method, kind }) => (method === 'pollTask' && kind === 'call' ? gate.promise : 'forward')
      condition = async () => (await processes()).some(({ status }) => status === 'executing')
      break
    case 'polled':
      proxy.tap = (message) => (isTask(message) ? hold() : 'forward')
      break
    case 'acked':
      proxy.tap = on('ackTask', 'answer')
      break
    case 'executing': {
      // The child stands still before the task begins, so that it is surely not over too soon.
      proxy.tap = ({ method, kind }) => {
        if (method === 'ackTask' && kind === 'answer') {
          stopped = must(pidOf('child'), 'a child')
          process.kill(stopped, 'SIGSTOP')
        }
        return 'forward'
      }
      const earlier = new Set(taskDirectories())
      condition = () => taskDirectories().some((each) => !earlier.has(each))
      break
    }
    case 'written':
      proxy.tap = on('completeTask', 'call')
      break
    case 'completed':
      proxy.tap = on('completeTask', 'answer')
      break
    case 'committing': {
      // The test's own commit makes one version, the service's the next.
      const version = newestVersion() + 2
      condition = () => newestVersion() >= version
      break
    }
    case 'committed':
      condition = async () => (await isOptimized()) && (await processes()).every(({ status }) => status === 'succeeded')
      break
  }
  if (condition !== undefined) void spinUntil(condition).then(reached.resolve, reached.reject)
  await appendOrders(table, files)
  files += 1
  await reached.promise
  return () => {
    proxy.tap = () => 'forward'
    if (step === 'executing' && stopped !== undefined) resume(stopped)
    // To or from a dead process.
    gate.resolve('drop')
  }
}

/** Lets a stopped process go on; it may be the one that was killed. */
function resume(pid: number): void {
  if (listProcesses().some((each) => each.pid === pid)) process.kill(pid, 'SIGCONT')
}

/** An answer that carries a task; others are a few bytes. */
function isTask({ method, kind, sizeBytes }: Tapped): boolean {
  return method === 'pollTask' && kind === 'answer' && sizeBytes > 500
}

/** The directories of tasks in which a DuckDB child works, or worked until its optimizer was killed. */
function taskDirectories(): readonly string[] {
  const works = readdirSync(temporary).filter((name) => name.startsWith('moraine-work-'))
  const tasks = works.flatMap((work) =>
    readdirIfThere(join(temporary, work)).map((task) => join(temporary, work, task)),
  )
  return tasks.filter((task) => existsSync(join(task, 'spill')))
}

function readdirIfThere(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}

function newestVersion(): number {
  const names = readdirSync(join(table.directory, 'metadata'))
  return Math.max(...names.map((name) => Number(/^v(\d+)\.metadata\.json$/.exec(name)?.[1] ?? 0)))
}

async function kill(victim: Victim): Promise<void> {
  const pid = must(pidOf(victim), `the ${victim}'s process`)
  process.kill(pid, 'SIGKILL')
  await spinUntil(() => listProcesses().every((each) => each.pid !== pid))
}

function pidOf(victim: Victim): number | undefined {
  if (victim === 'service') return service.child.pid
  const pattern = victim === 'optimizer' ? /main\.ts optimizer / : /child-main\.ts/
  return ours().find(({ command }) => pattern.test(command))?.pid
}

function ours() {
  const all = listProcesses()
  const found = descendants(must(service.child.pid, 'pid'), all)
  for (const { pid } of found) everSeen.add(pid)
  return found
}

async function comesToRest(): Promise<void> {
  const deadline = AbortSignal.timeout(REST_WITHIN_MS)
  await spinUntil(async () => {
    if (deadline.aborted) assert.fail(`not at rest: ${JSON.stringify(await processes())}`)
    if (!(await isOptimized())) return false
    return (await processes()).every(({ status }) => status !== 'executing' && status !== 'committing')
  })
}

/** Whether the newest snapshot is the service's. */
async function isOptimized(): Promise<boolean> {
  const { metadata } = await table.load()
  const current = metadata.snapshots.find(({ snapshotId }) => snapshotId === metadata.currentSnapshotId)
  return current?.summary[PROCESS_MARK] !== undefined
}

const TABLE_PATH = tablePath('orders')

type Process = { readonly processId: string; readonly status: string }

async function processes(): Promise<readonly Process[]> {
  const response = await fetch(`${service.url}${TABLE_PATH}/optimizing-processes?pageSize=100`).catch(() => undefined)
  // Right after the first start the service has not found the table yet.
  if (response?.status !== 200) return []
  const { result } = (await response.json()) as {
    result: { list: readonly { processId: string; state: { status: string } }[] }
  }
  return result.list.map(({ processId, state }) => ({ processId, status: state.status }))
}

/** How often the only task of the newest process was begun. */
async function attemptsOfLast(): Promise<number> {
  const [last] = await processes()
  const path = `${TABLE_PATH}/optimizing-processes/${must(last, 'a process').processId}/tasks`
  const { result } = (await (await fetch(service.url + path)).json()) as {
    result: { list: readonly { retryNum: number }[] }
  }
  assert.equal(result.list.length, 1)
  return 1 + (result.list[0]?.retryNum ?? 0)
}

async function rowsOf(of: LakeTable): Promise<{ readonly rows: number; readonly rowHash: string }> {
  const pool = new DuckDbPool({ clock: systemClock, size: 1 })
  try {
    const loaded = await of.load()
    const { rows, rowHash } = await sampleFigures(loaded, must(loaded.metadata.currentSnapshotId, 'snapshot'), {
      io: localFileIO(systemRandom),
      pool,
      workDir: join(root, 'read'),
      clock: systemClock,
      random: systemRandom,
      signal: new AbortController().signal,
      timeoutMs: 60_000,
      onProgress: () => {},
    })
    return { rows, rowHash }
  } finally {
    await pool.close()
  }
}

/** Holds every file of the table's directory against what refers to it. */
async function accountForFiles() {
  const io = localFileIO(systemRandom)
  const { metadata, metadataLocation } = await table.load()
  const named = new Set([metadataLocation, ...metadata.metadataLog.map(({ metadataFile }) => metadataFile)])
  for (const snapshot of metadata.snapshots) {
    if (snapshot.manifests.kind === 'list') named.add(snapshot.manifests.location)
    for (const { manifestPath } of await readManifests(io, metadata, snapshot)) named.add(manifestPath)
    const { data, deletes } = await readLiveFiles(io, metadata, snapshot)
    for (const { file } of [...data, ...deletes]) named.add(file.filePath)
  }
  const found: string[] = []
  for await (const { location } of io.list(`${table.directory}/`)) found.push(location)
  const present = new Set(found)
  const database = await openSqlite(join(root, 'data', 'moraine.db'))
  const discards = await database.stores.discards.listDueDiscards(
    { until: (systemClock.now() + 86_400_000) as EpochMs },
    1000,
  )
  await database.close()
  const unnamed = found.filter((location) => !named.has(location) && basename(location) !== 'version-hint.text')
  const outputs = unnamed.filter((location) => location.includes('/data/') && !isTemporaryName(basename(location)))
  const isListed = (location: string) =>
    discards.some(({ processId, attempt }) => basename(location).includes(`-${processId}-${attempt}-`))
  return {
    lost: [...named].filter((location) => !present.has(location)),
    unlisted: outputs.filter((location) => !isListed(location)),
    listed: outputs.filter(isListed).length,
    metadataFiles: unnamed.filter((location) => location.includes('/metadata/')).length,
    temporaryFiles: unnamed.filter((location) => isTemporaryName(basename(location))).length,
  }
}
