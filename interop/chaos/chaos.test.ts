import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { must } from '@moraine/stdx/assert'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { type LabDatabase, startLabDatabase } from '../database/lab-database.ts'
import { byDepth, leftOut } from '../lab/depth.ts'
import { type DuckDb, startDuckDb } from '../lab/duckdb.ts'
import { runLeashed } from '../lab/leashed.ts'
import { untilAnswered } from '../lab/moraine.ts'
import { type Crew, startCrew } from './crew.ts'
import { unexplainedLines } from './judge-log.ts'
import { findLeftovers, type ListedDiscard } from './judge-objects.ts'
import { findRest } from './judge-rest.ts'
import { holdToLedger } from './ledger.ts'
import { sabotage } from './sabotage.ts'
import { planDeeds } from './saboteur.ts'
import { type ChaosWriter, chaosWriter } from './writers.ts'

// Three servers of one database and five optimizers under chaos, while tables are written throughout. Then there is peace,
// and the rows, the tables, the files and the logs are judged.

const SIZE = { servers: 3, optimizers: 5 }
const { tables, durationMs, pauseMs } = byDepth({
  usual: { tables: 20, durationMs: 60_000, pauseMs: 1500 },
  all: { tables: 200, durationMs: 15 * 60_000, pauseMs: 20_000 },
})
/** After the last deed, until no table has any work left. */
const PEACE_MS = byDepth({ usual: 180_000, all: 600_000 })
const ASKED = process.env['CHAOS_SEED']
const SEED = Number(ASKED ?? 1)
const CATALOG = 'lake'

const why = ASKED === undefined ? leftOut('CHAOS_SEED chooses a run, of two minutes') : undefined
const lab = why === undefined ? startLabDatabase('postgres', `chaos-${process.pid}`) : unavailable(why)
const duckdb = why === undefined ? await startDuckDb() : unavailable(why)
after(async () => {
  if (duckdb.kind === 'started') await duckdb.engine.stop()
  if (lab.kind === 'started') lab.engine.server.stop()
})

function unavailable(reason: string) {
  return { kind: 'unavailable', why: reason } as const
}

const LIMIT_MS = durationMs + PEACE_MS + 300_000

test(`nothing is lost, stuck or silent under chaos, seed ${SEED}`, { timeout: LIMIT_MS }, async (context) => {
  if (lab.kind === 'unavailable') return context.skip(lab.why)
  if (duckdb.kind === 'unavailable') return context.skip(duckdb.why)
  const crew = await startCrew(lab.engine, SIZE)
  context.after(() => crew.remove())
  await judged(context, crew, lab.engine, duckdb.engine)
})

async function judged(context: TestContext, crew: Crew, database: LabDatabase, reader: DuckDb): Promise<void> {
  const { signal } = context
  const writers = await startWriters(crew, signal)
  const peace = new AbortController()
  const deeds = planDeeds(seededRandom(SEED), durationMs, SIZE)
  const writing = Promise.all(writers.map((writer) => writer.run(AbortSignal.any([signal, peace.signal]))))
  const done = await Promise.race([sabotage(deeds, crew, database, signal), writing.then(() => new Map())])
  peace.abort()
  await writing
  tell(context, 'deeds', done)
  tell(context, 'writers', countWriters(writers))
  tell(context, 'commits that were not acknowledged', countFailures(writers))

  await untilAtRest(context, crew, writers)
  const catalog = await openServer(must(crew.servers[0], 'a server').url)
  const discards = (await database.run(
    crew.database,
    'select process_id, task_id, attempt from output_discard',
  )) as readonly ListedDiscard[]
  const problems: string[] = []
  const totals = new Map<string, number>()
  const count = (what: string, by: number) => void totals.set(what, (totals.get(what) ?? 0) + by)
  for (const { identifier, ledger, files } of writers) {
    const table = await catalog.loadTable(identifier)
    const rows = await reader.readRows({ metadataFile: pathOf(table.metadataLocation) }, signal)
    const keys = rows.map((row) => BigInt(/"order_id":(\d+)/.exec(row)?.[1] ?? '-1'))
    const { lost, foreign, doubled, made } = holdToLedger(ledger, keys)
    if (lost.length + foreign.length + doubled.length > 0) {
      problems.push(`${identifier.name}: lost ${lost}; foreign ${foreign}; doubled ${doubled}`)
    }
    count('rows', keys.length)
    count('snapshots', table.metadata.snapshots.length)
    count('rewrites', table.metadata.snapshots.filter(({ operation }) => operation === 'replace').length)
    count('unknown commits that were made', made)
    for (const [kind, found] of Object.entries(await findLeftovers(table, files, discards))) {
      count(`files left: ${kind}`, found.length)
      if (kind === 'unlisted') problems.push(...found.map((path: string) => `${identifier.name}: unlisted ${path}`))
    }
  }
  tell(context, 'outcome', totals)
  const counts = new Map<string, number>()
  problems.push(...unexplainedLines(crew.logs(), counts))
  tell(context, 'log', counts)
  assert.deepEqual(problems, [])
  assert.ok((totals.get('rewrites') ?? 0) > 0, 'nothing was rewritten')
}

async function startWriters(crew: Crew, signal: AbortSignal): Promise<readonly ChaosWriter[]> {
  const first = must(crew.servers[0], 'a server').url
  await untilAnswered(async () => ((await register(first, crew.warehouse)) ? true : undefined), signal)
  const catalog = await openServer(first)
  await catalog.createNamespace(['db'])
  const urls = crew.servers.map(({ fromClients }) => `http://${fromClients.address}`)
  for (const { url } of crew.servers) await untilAnswered(() => openServer(url).catch(() => undefined), signal)
  const writers: ChaosWriter[] = []
  for (let at = 0; at < tables; at += 1) {
    const random = seededRandom(SEED * 1000 + at)
    const name = `t${at}`
    writers.push(await chaosWriter({ name, catalog: CATALOG, urls, random, pauseMs, deletes: at % 3 !== 0 }))
  }
  return writers
}

async function register(url: string, warehouse: string): Promise<boolean> {
  const command = ['catalog', 'register', CATALOG, '--type', 'ams', '--property', `warehouse=${warehouse}`]
  return (await runLeashed('bin/moraine', [...command, '--server', url])).code === 0
}

async function untilAtRest(context: TestContext, crew: Crew, writers: readonly ChaosWriter[]): Promise<void> {
  const { signal } = context
  const url = must(crew.servers[0], 'a server').url
  const begun = performance.now()
  let why: string[] = []
  await untilAnswered(async () => {
    const rests = await Promise.all(writers.map(({ identifier }) => findRest(url, CATALOG, identifier.name)))
    why = rests.flatMap((rest, at) => (rest?.isAtRest ? [] : [`t${at}: ${rest?.why ?? 'no answer'}`]))
    if (why.length === 0) return true
    if (performance.now() - begun > PEACE_MS) throw new Error(`stuck:\n${why.join('\n')}`)
    return undefined
  }, signal)
  context.diagnostic(`all tables at rest after ${Math.round((performance.now() - begun) / 1000)} s of peace`)
}

function countWriters(writers: readonly ChaosWriter[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { ledger, failures } of writers) {
    for (const { outcome } of ledger) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    const missed = [...failures].filter(([what]) => what.startsWith('not begun'))
    counts.set('not begun', (counts.get('not begun') ?? 0) + missed.reduce((sum, [, times]) => sum + times, 0))
  }
  return counts
}

/** By their messages without what is of one of them. */
function countFailures(writers: readonly ChaosWriter[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const [what, times] of writers.flatMap(({ failures }) => [...failures])) {
    const kind = what.replace(/\S*\d\S*/g, '*')
    counts.set(kind, (counts.get(kind) ?? 0) + times)
  }
  return counts
}

function tell(context: TestContext, what: string, counts: ReadonlyMap<string, number>): void {
  context.diagnostic(`${what}: ${[...counts].map(([name, times]) => `${name} ${times}`).join(', ')}`)
}

function openServer(url: string) {
  const properties = { uri: `${url}/iceberg`, warehouse: CATALOG }
  return openRestCatalog({ name: CATALOG, properties, clock: systemClock })
}

function pathOf(location: string): string {
  return location.replace(/^file:(\/\/)?/, '')
}
