import { mkdir, writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { dirname, join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stores } from '@moraine/management/store/stores'
import { openDatabase } from '@moraine/persistence/open-database'
import { composeAccess } from '@moraine/server/access/compose-access'
import { catalogListing } from '@moraine/server/catalogs/catalog-listing'
import { type OpenCatalogs, openCatalogs } from '@moraine/server/catalogs/open-catalogs'
import { type PlacesOfOthers, placesOfOthers } from '@moraine/server/catalogs/places-of-others'
import { tellTableChange } from '@moraine/server/catalogs/tell-table-change'
import { beginTerm } from '@moraine/server/compose-term'
import { serviceSettings } from '@moraine/server/config/default-settings'
import { resolveConfig } from '@moraine/server/config/read-config'
import { nudgeSwitch } from '@moraine/server/nudges/nudge-switch'
import { derivedKey } from '@moraine/server/secrets/derived-key'
import { loadSecretKey } from '@moraine/server/secrets/secret-key'
import { secretVault } from '@moraine/server/secrets/secret-vault'
import { secretsAskedFor } from '@moraine/server/thrift/optimizer-door'
import { systemClock } from '@moraine/stdx/clock'
import { systemRandom } from '@moraine/stdx/random'
import { type Backlog, fillBacklog, untilPlanned } from './backlog.ts'
import { countedStores, type StoreCounts } from './counted-stores.ts'
import { preparedLake } from './prepared-lake.ts'
import { type CommitFigures, type TellingLake, tellingLake } from './telling-lake.ts'

/**
 * A process that serves as the leader does: what `compose.ts` starts but for the API and the REST catalog, on stores that
 * count. It does what its parent asks, one thing after another.
 */
export type Ask =
  | {
      readonly ask: 'begin'
      readonly dataDir: string
      readonly cacheDir: string
      /** Where a profile of the processor of each measured stretch is written. */
      readonly profileDir?: string
      readonly tables: number
      readonly database?: string
    }
  | { readonly ask: 'prepare'; readonly tables: number; readonly commits: number; readonly withWork: number }
  | { readonly ask: 'look'; readonly seconds: number }
  | { readonly ask: 'commit'; readonly perSecond: number; readonly seconds: number }
  | { readonly ask: 'settle' }
  | { readonly ask: 'tell-again'; readonly count: number }
  | ({ readonly ask: 'backlog' } & Backlog)

/** `seconds`: from the opening of the database until optimizers may come in. */
export type Begun = { readonly thriftPort: number; readonly seconds: number }

/** What the process did meanwhile. */
export type Usage = {
  readonly seconds: number
  readonly cpuSeconds: number
  /** The largest of it. */
  readonly residentMb: number
  /** The longest that the event loop was kept. */
  readonly heldUpMs: number
  readonly counts: StoreCounts
}

export type Committed = { readonly usage: Usage; readonly figures: CommitFigures }

type Running = Awaited<ReturnType<typeof begin>>

let running: Running | undefined
// It does not outlive its parent.
process.on('disconnect', () => process.exit(1))
process.on('message', (asked: Ask) => {
  void answer(asked).then(
    (answered) => process.send?.(answered ?? {}),
    (error: unknown) => {
      process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`)
      process.exit(1)
    },
  )
})

async function answer(asked: Ask): Promise<unknown> {
  if (asked.ask === 'begin') {
    running = await begin(asked)
    return running.begun
  }
  if (running === undefined) throw new Error(`asked to ${asked.ask} before the beginning`)
  const { lake, stores, measured } = running
  switch (asked.ask) {
    case 'prepare':
      return lake.prepare(asked)
    case 'look':
      return measured('look', () => sleep(asked.seconds * 1000))
    case 'commit':
      return { usage: await measured('commit', () => commitAtRate(lake, asked)), figures: lake.figures() }
    case 'settle':
      return settle(measured)
    case 'tell-again':
      return measured('tell-again', async () => {
        lake.tellAgain(asked.count)
        await sleep(SETTLE_MS)
      })
    case 'backlog':
      await fillBacklog(stores, asked)
      return measured('backlog', () => untilPlanned(stores, asked.count * PLAN_MOST_MS))
  }
}

const SETTLE_MS = 5000
/** For each table: a service that needs longer is stuck. */
const PLAN_MOST_MS = 500
const TICK_MS = 10
/** Commits that wait for the database; a service that is behind is not buried. */
const UNDERWAY_MAX = 500

/** Until what was begun is done: nothing is written for some seconds. */
async function settle(measured: Running['measured']): Promise<void> {
  for (let at = 0; at < 30; at += 1) {
    const { counts } = await measured('settle', () => sleep(2000))
    if (counts.writes === (counts.calls['optimizers.touchOptimizer']?.calls ?? 0)) return
  }
}

async function commitAtRate(
  lake: TellingLake,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): Promise<void> {
  const startedAt = performance.now()
  let [asked, underway] = [0, 0]
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - startedAt) / 1000) {
    const due = Math.min(Math.floor(elapsed * perSecond), asked + UNDERWAY_MAX - underway)
    underway += due - asked
    const some = lake.commit(due - asked).then((made) => {
      underway -= made
    })
    some.catch((error: unknown) => complain({ error: String(error) }, 'a commit failed'))
    asked = due
    await sleep(TICK_MS)
  }
  // What was told last may still be waited for; what takes longer is missed.
  for (let at = 0; at < 30 && lake.figures().undecided > 0; at += 1) await sleep(100)
}

async function begin({ dataDir, cacheDir, profileDir, tables, database }: Extract<Ask, { ask: 'begin' }>) {
  const entries = database === undefined ? [] : databaseEntries(database)
  const settings = serviceSettings(resolveConfig(new Map(entries)).values)
  const surroundings = { clock: systemClock, random: systemRandom, log: LOG }
  await mkdir(dataDir, { recursive: true })
  const path = join(dataDir, 'moraine.db')
  const generated = await preparedLake({ cacheDir, path, tables, settings: settings.database, surroundings })
  const startedAt = performance.now()
  const { stores } = await openDatabase(settings.database, path, surroundings)
  const nudges = nudgeSwitch(() => {})
  const lake: TellingLake = tellingLake({ lake: generated, stores, tell: (change) => tell(change) })
  const counted = countedStores({ ...stores, state: lake.watch(stores.state) })
  const tell = tellTableChange({ stores: counted.stores, nudges, clock: systemClock, log: LOG })
  const term = await lead(dataDir, settings, counted.stores, nudges)
  const begun: Begun = { thriftPort: term.thriftPort, seconds: (performance.now() - startedAt) / 1000 }
  return {
    begun,
    lake,
    stores,
    measured: (what: string, work: () => Promise<unknown>) =>
      measure(() => (profileDir === undefined ? work() : profiled(join(profileDir, what), work)), counted.take),
  }
}

/** As `compose.ts` does it. */
async function lead(
  dataDir: string,
  settings: ReturnType<typeof serviceSettings>,
  stores: Stores,
  nudges: ReturnType<typeof nudgeSwitch>,
) {
  const options = {
    ...{ dataDir, settings, host: '127.0.0.1', httpPort: 0, thriftPort: 0 },
    ...{ clock: systemClock, random: systemRandom, log: LOG },
  }
  const { clock, random, log } = options
  const secretKey = await loadSecretKey(dataDir, random, process.env)
  const vault = secretVault(secretKey, random)
  const { authenticator } = await composeAccess(settings.access, {
    ...options,
    secretKey,
    principals: stores.principals,
  })
  const drops = { pointers: stores.drops, retentionMs: settings.dropRetentionMs }
  const others: PlacesOfOthers = placesOfOthers({
    stores,
    vault,
    findMetadataLocation: async ({ catalog: name, ...table }, signal) =>
      (await catalogs(name, signal)).catalog.findMetadataLocation(table, signal),
  })
  const opening = { pointers: stores.pointers, drops, others, clock, random, log }
  const stagedKey = derivedKey(secretKey, 'staged tables')
  const catalogs: OpenCatalogs = openCatalogs({ ...opening, stagedKey, store: stores.catalogs, vault })
  const listing = catalogListing(catalogs)
  const open = { ...options, authenticator, secretKey }
  const secretOf = secretsAskedFor(open)
  // No engine of Amoro comes.
  const tables = { name: 'table service', start: async () => undefined, stop: async () => undefined }
  return beginTerm({ ...open, stores, vault, catalogs, others, listing, secretOf, nudges, tables })
}

async function measure(work: () => Promise<unknown>, take: () => StoreCounts): Promise<Usage> {
  take()
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const [cpuBefore, startedAt] = [process.cpuUsage(), performance.now()]
  let residentMb = 0
  const looking = setInterval(() => {
    residentMb = Math.max(residentMb, process.memoryUsage.rss() / 2 ** 20)
  }, 100)
  await work()
  clearInterval(looking)
  const { user, system } = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - startedAt) / 1000
  delay.disable()
  return { seconds, cpuSeconds: (user + system) / 1e6, residentMb, heldUpMs: delay.max / 1e6, counts: take() }
}

async function profiled(path: string, work: () => Promise<unknown>): Promise<void> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  await work()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.cpuprofile`, JSON.stringify(profile))
}

function databaseEntries(url: string) {
  const engine = new URL(url).protocol.replace(/:$/, '')
  const entry = (text: string) => ({ text, source: '--database' })
  return [['database.type', entry(engine)] as const, ['database.url', entry(url)] as const]
}

const complain = (fields: object, message: string) => {
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`)
}
const LOG = { debug() {}, info() {}, warn: complain, error: complain }
