import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { newTableMetadata } from '@moraine/iceberg/metadata/new-table-metadata'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { later } from '@moraine/stdx/brand'
import { systemClock } from '@moraine/stdx/clock'
import { type RestCalls, restCalls } from './rest-calls.ts'
import { type ServedCatalog, serveCatalog } from './served-catalog.ts'

/**
 * The catalog of `moraine serve` as clients see it: commits a second, one after another and over many tables; loads;
 * a long history; a long list; and PyIceberg processes that append to one table without trying again.
 */
export async function benchCatalog(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tables: { type: 'string', default: '100000' },
      seconds: { type: 'string', default: '5' },
      writers: { type: 'string', multiple: true, default: ['1', '2', '4', '8', '16', '32'] },
      appends: { type: 'string', default: '10' },
    },
  })
  const seconds = Number(values.seconds)
  const catalog = await serveCatalog()
  try {
    const calls = restCalls(catalog.base)
    await calls.createNamespace('bench')
    await benchCommits(calls, seconds)
    await benchLoads(calls)
    await benchHistory(catalog, calls)
    for (const writers of values.writers) await benchAppends(catalog, Number(writers), Number(values.appends))
  } finally {
    await catalog.stop()
  }
  // Of its own, since a service looks at the tables that it lists.
  const crowded = await serveCatalog((dataDir) => fillNamespace(dataDir, Number(values.tables)))
  try {
    await benchList(crowded, restCalls(crowded.base))
  } finally {
    await crowded.stop()
  }
}

async function benchCommits(calls: RestCalls, seconds: number): Promise<void> {
  await calls.createTable('bench', 'one')
  const one = await perSecond(seconds, 1, (_, at) => calls.setProperty('bench', 'one', at))
  report('commits/s, one table, one after another', one, '>= 300')
  const names = Array.from({ length: TABLES }, (_, at) => `t${at}`)
  for (const name of names) await calls.createTable('bench', name)
  const many = await perSecond(seconds, CLIENTS, (client, at) => {
    const table = (client + at * CLIENTS) % TABLES
    return calls.setProperty('bench', `t${table}`, at)
  })
  report(`commits/s, ${TABLES} tables, ${CLIENTS} clients`, many, '>= 500')
}

const TABLES = 100
const CLIENTS = 16

/** Each client makes one call after another. */
async function perSecond(
  seconds: number,
  clients: number,
  call: (client: number, at: number) => Promise<void>,
): Promise<string> {
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
  return (made / ((performance.now() - startedAt) / 1000)).toFixed(0)
}

async function benchLoads(calls: RestCalls): Promise<void> {
  const took: number[] = []
  for (let at = 0; at < 2_000; at += 1) took.push(await elapsed(() => calls.loadTable('bench', 't1')))
  const sorted = took.slice(200).sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(2)
  report('loadTable, warm, ms: p50', at(0.5), '< 1')
  report('loadTable, warm, ms: p99', at(0.99), '< 5')
}

async function benchHistory(catalog: ServedCatalog, calls: RestCalls): Promise<void> {
  const directory = join(catalog.dataDir, 'warehouse', 'history')
  await mkdir(join(directory, 'metadata'), { recursive: true })
  const location = join(directory, 'metadata', '00000-00000000-0000-4000-8000-000000000000.metadata.json')
  await writeFile(location, formatTableMetadata(longHistory(directory)))
  report(
    `register, ${SNAPSHOTS} snapshots, ms`,
    (await elapsed(() => calls.register('bench', 'history', location))).toFixed(0),
    '',
  )
  let bytes = 0
  const load = async () => {
    bytes = await calls.loadTable('bench', 'history')
  }
  const took = [await elapsed(load), await elapsed(load), await elapsed(load)].sort((a, b) => a - b)
  report(`loadTable, ${SNAPSHOTS} snapshots, ms`, (took[1] ?? Number.NaN).toFixed(0), '< 100')
  report('  megabytes', (bytes / 1e6).toFixed(1), '')
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
  const { stores, close } = await openSqlite(join(dataDir, 'moraine.db'))
  await stores.pointers.addNamespace('lake', ['crowd'], {})
  for (let at = 0; at < tables; at += 1_000) {
    const changes = Array.from({ length: Math.min(1_000, tables - at) }, (_, index) => {
      const name = `table_${String(at + index).padStart(6, '0')}`
      const metadataLocation = `${dataDir}/crowd/${name}/metadata/00000.metadata.json`
      return { after: { kind: 'table', catalog: 'lake', namespace: ['crowd'], name, metadataLocation } as const }
    })
    await stores.pointers.changePointers(changes)
  }
  await close()
}

async function benchList(catalog: ServedCatalog, calls: RestCalls): Promise<void> {
  const before = await catalog.residentMb()
  let tables = 0
  const took = await elapsed(async () => {
    tables = await calls.countTables('crowd')
  })
  const after = await catalog.residentMb()
  report(`list of ${tables} tables, ms`, took.toFixed(0), '')
  report('  service, MB before and after', `${before.toFixed(0)} ${after.toFixed(0)}`, 'flat')
}

async function benchAppends(catalog: ServedCatalog, writers: number, appends: number): Promise<void> {
  const name = `contended_${writers}`
  const rebasing = { 'commit.rebase-appends.enabled': 'true' }
  await restCalls(catalog.base).createTable('bench', name, rebasing)
  const script = fileURLToPath(new URL('../../interop/lab/contended_appends.py', import.meta.url))
  const lab = fileURLToPath(new URL('../../interop/lab/pyiceberg.sh', import.meta.url))
  const uri = `${catalog.url}/api/iceberg/rest`
  const { stdout } = await promisify(execFile)(lab, [
    'python',
    script,
    uri,
    'lake',
    `bench.${name}`,
    String(writers),
    String(appends),
  ])
  const { made, refused, seconds, p50, p95, reason } = JSON.parse(stdout) as Appends
  const ms = (value: number | null) => (value === null ? '-' : (value * 1000).toFixed(0))
  const share = ((100 * made) / (made + refused)).toFixed(1)
  report(
    `PyIceberg, ${writers} writers: % made, appends/s, ms p50, p95`,
    `${share} ${(made / seconds).toFixed(1)} ${ms(p50)} ${ms(p95)}`,
    writers === 32 ? '>= 99 %' : '',
  )
  const history = await linearHistory(catalog, name)
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
async function linearHistory({ base }: ServedCatalog, name: string): Promise<number> {
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

function report(what: string, figure: string, budget: string): void {
  process.stdout.write(`${what.padEnd(64)}${figure.padStart(24)}  ${budget}\n`)
}
