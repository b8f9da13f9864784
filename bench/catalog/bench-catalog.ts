import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { newTableMetadata } from '@moraine/iceberg/metadata/new-table-metadata'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { later } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { startRestServer } from '../../interop/lab/rest-server.ts'
import { type Budget, type BudgetTable, budgetTable } from './budget-table.ts'
import { type RestCalls, restCalls } from './rest-calls.ts'
import { type ServedCatalog, serveCatalog } from './served-catalog.ts'

/**
 * The catalog of `moraine serve` as clients see it: commits a second, one after another and over many tables; loads;
 * a long history; a long list; and PyIceberg processes that append to one table without trying again. Then, as far as it
 * has the same, Iceberg's reference server. The exit code is 1 if a budget is missed.
 */
export async function benchCatalog(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tables: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '6' },
      writers: { type: 'string', multiple: true, default: ['1', '2', '4', '8', '16', '32'] },
      appends: { type: 'string', default: '10' },
      'report-only': { type: 'boolean', default: false },
    },
  })
  const [seconds, rounds, appends] = [Number(values.seconds), Number(values.rounds), Number(values.appends)]
  const writers = values.writers.map(Number)
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  const table = budgetTable(print)
  const load = () => loadavg()[0]?.toFixed(1)
  print(`${cpus().length} x ${cpus()[0]?.model}, load ${load()}, Node ${process.versions.node}`)
  await benchService(table, { seconds, rounds, appends, writers, tables: Number(values.tables) })
  await benchReference(table, print, { seconds, rounds, appends, writers })
  // A run that leaves out what a budget is of must not pass for one that kept to it.
  if (!writers.includes(BUDGET_WRITERS)) table.unmeasured(`no budget: ${BUDGET_WRITERS} writers not run`)
  print(`load ${load()} at the end`)
  if (table.missed().length === 0) return
  print(`missed: ${table.missed().join('; ')}`)
  if (!values['report-only']) process.exitCode = 1
}

/** With fewer writers than these there is less to contend for. */
const BUDGET_WRITERS = 32

type Extent = Rounds & { readonly appends: number; readonly writers: readonly number[] }

/** Commits are counted in several rounds, since a machine that others use too is slowed for seconds by them. */
type Rounds = { readonly rounds: number; readonly seconds: number }

async function benchService(table: BudgetTable, extent: Extent & { readonly tables: number }): Promise<void> {
  const catalog = await serveCatalog()
  try {
    const calls = restCalls(catalog.base)
    await calls.createNamespace('bench')
    await benchCommits(table, calls, extent, { one: { atLeast: 300 }, many: { atLeast: 500 } })
    await benchLoads(table, calls, { p50: { atMost: 1 }, p99: { atMost: 5 } })
    await benchHistory(table, catalog, calls)
    for (const writers of extent.writers) {
      const what = `PyIceberg, ${writers} writers, commit.rebase-appends.enabled`
      const terms = { appends: extent.appends, properties: { 'commit.rebase-appends.enabled': 'true' } }
      const server = { uri: `${catalog.url}/api/iceberg/rest`, base: catalog.base, warehouse: 'lake' }
      await benchAppends(table, what, server, {
        writers,
        ...terms,
        ...(writers === BUDGET_WRITERS && { made: { atLeast: 99 } }),
      })
    }
  } finally {
    await catalog.stop()
  }
  const cold = await serveCatalog(fillHistories)
  try {
    await benchColdHistory(table, restCalls(cold.base))
  } finally {
    await cold.stop()
  }
  // Of its own, since a service looks at the tables that it lists.
  const crowded = await serveCatalog((dataDir) => fillNamespace(dataDir, extent.tables))
  try {
    await benchList(table, crowded, restCalls(crowded.base), extent.tables)
  } finally {
    await crowded.stop()
  }
}

/** Iceberg's reference server, which keeps its catalog in SQLite too. It knows no rebasing, and has no budgets. */
async function benchReference(table: BudgetTable, print: (line: string) => void, extent: Extent): Promise<void> {
  const started = startRestServer(`bench-${process.pid}`)
  if (started.kind === 'unavailable') return print(`reference server: not measured, ${started.why}`)
  const { properties, warehouse, stop } = started.engine
  try {
    const uri = properties['uri'] ?? ''
    const base = `${uri}/v1`
    const calls = restCalls(base)
    await calls.createNamespace('bench')
    print("Iceberg's reference server:")
    await benchCommits(table, calls, extent)
    await benchLoads(table, calls)
    for (const writers of extent.writers) {
      const what = `PyIceberg, ${writers} writers`
      await benchAppends(table, what, { uri, base, warehouse }, { writers, appends: extent.appends, properties: {} })
    }
  } finally {
    stop()
  }
}

async function benchCommits(
  table: BudgetTable,
  calls: RestCalls,
  rounds: Rounds,
  budgets: { readonly one?: Budget; readonly many?: Budget } = {},
): Promise<void> {
  await calls.createTable('bench', 'one')
  // A service that has just started compiles what it runs.
  await perSecond(WARM_UP_SECONDS, 1, (_, at) => calls.setProperty('bench', 'one', at))
  const one = await medianAndBest(rounds, 1, (_, at) => calls.setProperty('bench', 'one', at))
  table.line('commits/s, one table, one after another: median round, best', one, budgets.one)
  const names = Array.from({ length: TABLES }, (_, at) => `t${at}`)
  for (const name of names) await calls.createTable('bench', name)
  const many = await medianAndBest(rounds, CLIENTS, (client, at) =>
    calls.setProperty('bench', `t${(client + at * CLIENTS) % TABLES}`, at),
  )
  table.line(`commits/s, ${TABLES} tables, ${CLIENTS} clients: median round, best`, many, budgets.many)
}

const WARM_UP_SECONDS = 5
const TABLES = 100
const CLIENTS = 16

type Call = (client: number, at: number) => Promise<void>

/** What the server did, and what it can do while nobody slows the machine, of calls a second. */
async function medianAndBest({ rounds, seconds }: Rounds, clients: number, call: Call): Promise<readonly number[]> {
  const rates: number[] = []
  for (let round = 0; round < rounds; round += 1) rates.push(await perSecond(seconds, clients, call))
  const sorted = rates.sort((a, b) => b - a)
  return [sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, sorted[0] ?? Number.NaN]
}

/** Each client makes one call after another. */
async function perSecond(seconds: number, clients: number, call: Call): Promise<number> {
  let made = 0
  const startedAt = performance.now()
  const isOver = () => performance.now() - startedAt > seconds * 1000
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let at = 0; !isOver(); at += 1) {
        await call(client, at)
        made += 1
      }
    }),
  )
  return made / ((performance.now() - startedAt) / 1000)
}

async function benchLoads(
  table: BudgetTable,
  calls: RestCalls,
  budgets: { readonly p50?: Budget; readonly p99?: Budget } = {},
): Promise<void> {
  const took: number[] = []
  for (let at = 0; at < 2_000; at += 1) took.push(await elapsed(() => calls.loadTable('bench', 't1')))
  const sorted = took.slice(200).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  table.line('loadTable, warm, ms: p50', [at(0.5)], budgets.p50, 2)
  table.line('loadTable, warm, ms: p99', [at(0.99)], budgets.p99, 2)
}

async function benchHistory(table: BudgetTable, catalog: ServedCatalog, calls: RestCalls): Promise<void> {
  const location = await writeHistory(join(catalog.dataDir, 'warehouse', 'history'))
  table.line(`register, ${SNAPSHOTS} snapshots, ms`, [
    await elapsed(() => calls.register('bench', 'history', location)),
  ])
  let bytes = 0
  const load = async () => {
    bytes = await calls.loadTable('bench', 'history')
  }
  const took = [await elapsed(load), await elapsed(load), await elapsed(load)].sort((a, b) => a - b)
  table.line(`loadTable, ${SNAPSHOTS} snapshots, remembered, ms`, [took[1] ?? Number.NaN], { atMost: 100 })
  table.line('  megabytes', [bytes / 1e6], undefined, 1)
}

/** Tables that the service has not read since it started; its code is as warm as after any other load. */
async function benchColdHistory(table: BudgetTable, calls: RestCalls): Promise<void> {
  await calls.createNamespace('bench')
  await calls.createTable('bench', 't1')
  for (let at = 0; at < 500; at += 1) await calls.loadTable('bench', 't1')
  const took: number[] = []
  for (const name of COLD_TABLES) took.push(await elapsed(() => calls.loadTable('cold', name)))
  const sorted = took.sort((a, b) => a - b)
  table.line(`loadTable, ${SNAPSHOTS} snapshots, read from the disk, ms`, [sorted[1] ?? Number.NaN], { atMost: 100 })
}

const COLD_TABLES = ['first', 'second', 'third']

async function fillHistories(dataDir: string): Promise<void> {
  const written = COLD_TABLES.map(async (name) => {
    const metadataLocation = await writeHistory(join(dataDir, 'warehouse', 'cold', name))
    return { name, metadataLocation }
  })
  await fill(dataDir, 'cold', await Promise.all(written))
}

async function writeHistory(directory: string): Promise<string> {
  await mkdir(join(directory, 'metadata'), { recursive: true })
  const location = join(directory, 'metadata', '00000-00000000-0000-4000-8000-000000000000.metadata.json')
  await writeFile(location, formatTableMetadata(longHistory(directory)))
  return location
}

const SNAPSHOTS = 10_000

function longHistory(location: string) {
  const table = newTableMetadata({
    schema: {
      schemaId: 0,
      fields: [{ id: 1, name: 'id', required: true, type: { kind: 'long' } }],
      identifierFieldIds: [],
    },
    location,
    properties: {},
    uuid: '00000000-0000-4000-8000-000000000001',
    now: systemClock.now(),
  })
  const snapshots = Array.from({ length: SNAPSHOTS }, (_, at): Snapshot => {
    const snapshotId = (BigInt(at + 1) * 900_719_925_474_993n) as SnapshotId
    return {
      snapshotId,
      ...(at > 0 && { parentSnapshotId: (BigInt(at) * 900_719_925_474_993n) as SnapshotId }),
      sequenceNumber: at + 1,
      timestampMs: later(table.lastUpdatedMs, at),
      manifests: { kind: 'list', location: `${location}/metadata/snap-${snapshotId}-1-${table.tableUuid}.avro` },
      operation: 'append',
      summary: { 'added-data-files': '1', 'added-records': '1000', 'total-data-files': String(at + 1) },
      schemaId: 0,
    }
  })
  const last = snapshots.at(-1)
  if (last === undefined) throw new Error('there is no snapshot')
  return {
    ...table,
    snapshots,
    snapshotLog: snapshots.map(({ snapshotId, timestampMs }) => ({ snapshotId, timestampMs })),
    lastSequenceNumber: SNAPSHOTS,
    lastUpdatedMs: last.timestampMs,
    currentSnapshotId: last.snapshotId,
    refs: { main: { snapshotId: last.snapshotId, type: 'branch' as const } },
  }
}

async function fillNamespace(dataDir: string, tables: number): Promise<void> {
  const names = Array.from({ length: tables }, (_, at) => `table_${String(at).padStart(6, '0')}`)
  await fill(
    dataDir,
    'crowd',
    names.map((name) => ({ name, metadataLocation: `${dataDir}/crowd/${name}/metadata/00000.metadata.json` })),
  )
}

/** Puts tables into the catalog without the service, which is to start afterwards. */
async function fill(
  dataDir: string,
  namespace: string,
  tables: readonly { readonly name: string; readonly metadataLocation: string }[],
): Promise<void> {
  const { stores, close } = await openSqlite(join(dataDir, 'moraine.db'))
  await stores.catalogs.addCatalog({
    name: 'lake',
    type: 'ams',
    properties: { warehouse: join(dataDir, 'warehouse'), 'table-formats': 'ICEBERG' },
  })
  await stores.pointers.addNamespace('lake', [namespace], {})
  for (let at = 0; at < tables.length; at += 1_000) {
    const changes = tables
      .slice(at, at + 1_000)
      .map((table) => ({ after: { kind: 'table', catalog: 'lake', namespace: [namespace], ...table } as const }))
    const outcome = await stores.pointers.changePointers(changes)
    if (outcome !== 'made') throw new Error(`tables of ${namespace} from ${at} on: their pointers are ${outcome}`)
  }
  await close()
}

async function benchList(table: BudgetTable, catalog: ServedCatalog, calls: RestCalls, asked: number): Promise<void> {
  const before = await catalog.residentMb()
  let tables = 0
  let took = 0
  const peak = await peakMbOf(catalog, async () => {
    took = await elapsed(async () => {
      tables = await calls.countTables('crowd')
    })
  })
  if (tables !== asked) throw new Error(`${asked} tables were made, ${tables} are listed`)
  table.line(`list of ${tables} tables, ms`, [took])
  table.line('  service, MB: growth at its peak, before, after', [peak - before, before, await catalog.residentMb()], {
    atMost: 128,
  })
}

/** The largest of what the service says of its memory while `work` goes on. */
async function peakMbOf(catalog: ServedCatalog, work: () => Promise<void>): Promise<number> {
  const over = new AbortController()
  let peak = 0
  const looking = (async () => {
    for (; !over.signal.aborted; await sleep(LOOKS_EVERY_MS)) peak = Math.max(peak, await catalog.residentMb())
  })()
  await Promise.all([work().finally(() => over.abort()), looking])
  return Math.max(peak, await catalog.residentMb())
}

const LOOKS_EVERY_MS = 50

async function benchAppends(
  table: BudgetTable,
  what: string,
  server: { readonly uri: string; readonly base: string; readonly warehouse: string },
  terms: {
    readonly writers: number
    readonly appends: number
    readonly properties: Readonly<Record<string, string>>
    readonly made?: Budget
  },
): Promise<void> {
  const name = `contended_${terms.writers}`
  await restCalls(server.base).createTable('bench', name, terms.properties)
  const script = fileURLToPath(new URL('../../interop/lab/contended_appends.py', import.meta.url))
  const lab = fileURLToPath(new URL('../../interop/lab/pyiceberg.sh', import.meta.url))
  const { stdout } = await promisify(execFile)(lab, [
    'python',
    script,
    server.uri,
    server.warehouse,
    `bench.${name}`,
    String(terms.writers),
    String(terms.appends),
  ])
  const { made, refused, seconds, p50, p95, reason } = JSON.parse(stdout) as Appends
  const ms = (value: number | null) => (value === null ? Number.NaN : value * 1000)
  table.line(`${what}: % made`, [(100 * made) / (made + refused)], terms.made, 1)
  table.line('  appends/s, ms p50, p95', [made / seconds, ms(p50), ms(p95)], undefined, 1)
  const history = await linearHistory(server.base, name)
  if (history !== made) throw new Error(`${made} appends were acknowledged, the history has ${history}: ${reason}`)
}

type Appends = {
  readonly made: number
  readonly refused: number
  readonly seconds: number
  readonly p50: number | null
  readonly p95: number | null
  readonly reason: string | null
}

/** The snapshots from the current one back to the first. */
async function linearHistory(base: string, name: string): Promise<number> {
  const response = await fetch(`${base}/namespaces/bench/tables/${name}`)
  // Ids are only compared, as text: they are beyond what a number holds.
  const text = (await response.text()).replaceAll(/("[a-z-]*snapshot-id":)(\d+)/g, '$1"$2"')
  const { metadata } = JSON.parse(text) as {
    metadata: {
      'current-snapshot-id': string
      snapshots: { 'snapshot-id': string; 'parent-snapshot-id'?: string }[]
    }
  }
  const parents = new Map(metadata.snapshots.map((each) => [each['snapshot-id'], each['parent-snapshot-id']]))
  let length = 0
  for (let at: string | undefined = metadata['current-snapshot-id']; at !== undefined; at = parents.get(at)) length += 1
  return length
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
