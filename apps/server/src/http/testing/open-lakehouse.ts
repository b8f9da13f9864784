import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { T0 } from '@moraine/management/testing/build'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import { assert } from '@moraine/stdx/assert'
import { later } from '@moraine/stdx/brand'
import { seededRandom } from '@moraine/stdx/random'
import { type VirtualClock, virtualClock } from '@moraine/testkit/virtual-clock'
import { catalogBreakers } from '../../catalogs/catalog-breakers.ts'
import { catalogListing } from '../../catalogs/catalog-listing.ts'
import { openCatalogs } from '../../catalogs/open-catalogs.ts'
import { placesOfOthers } from '../../catalogs/places-of-others.ts'
import { watchedCalls, watchedCatalogs } from '../../catalogs/watched-calls.ts'
import { composeOptimizing, type OptimizingDeps } from '../../compose-optimizing.ts'
import { DEFAULT_SETTINGS } from '../../config/default-settings.ts'
import type { OptimizingSettings } from '../../config/optimizing-settings.ts'
import { type Nudge, WHEN_A_HOLD_ENDS } from '../../nudges/nudges.ts'
import { secretVault } from '../../secrets/secret-vault.ts'
import { SILENT_LOG } from '../../service/log.ts'
import { startServices, stopServices } from '../../service/service.ts'
import { icebergInspection } from '../../table-work/iceberg-inspection.ts'
import { icebergMaintenance } from '../../table-work/iceberg-maintenance.ts'
import { reachTable } from '../../table-work/reached-table.ts'
import { showTable } from '../../table-work/shown-table.ts'
import { buildHttpServer } from '../http-server.ts'
import { buildOptions } from './build-options.ts'
import { type LakehouseTable, type LakehouseTableParts, makeLakehouseTable } from './lakehouse-table.ts'
import { type Worker, workers } from './lakehouse-worker.ts'

export type LakehouseParts = {
  /** What is done otherwise than with the tables' files. */
  readonly maintenance?: Partial<TableMaintenance>
  readonly settings?: Partial<OptimizingSettings>
  /** Whether it does the work of the one server that leads, or answers only. */
  readonly leads?: boolean
  /** How long a lease lives, by the clock of the database, which is that of the machine; a minute if absent. */
  readonly leaseMs?: number
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/**
 * The service as it stands behind its API: SQLite and a warehouse in a directory of its own, and all that decides, in a time
 * that passes when it is told to. Containers, the Thrift port and the executor of tasks are left out.
 */
export type Lakehouse = {
  /** Empty folders for catalogs; gone at the end. */
  readonly root: string
  /** What is done by the API is done, or the test fails. */
  do(method: Method, path: string, body?: object): Promise<void>
  /** For an answer that is slow time passes until it is there. */
  ask(path: string, parts?: { readonly isSlow?: boolean | undefined }): Promise<ReturnType<JSON['parse']>>
  addCatalog(catalog: Pick<ManagedCatalog, 'name' | 'type' | 'properties'>): Promise<void>
  /** With its namespace, and found by the service if that leads. */
  makeTable(table?: LakehouseTableParts): Promise<LakehouseTable>
  register(parts?: { readonly group?: string; readonly threads?: number }): Promise<Worker>
  /** Has the service look, as a change through another server does. */
  nudge(nudge: Nudge): void
  /** It does no work any more, and answers still: as a server that leads no more, or whose work has died. */
  stopWork(): Promise<void>
  /** Optimizers that live are heard of meanwhile. */
  pass(ms: number): Promise<void>
  /** The address of the API, from then on also for others. */
  listen(): Promise<string>
  close(): Promise<void>
}

export async function openLakehouse(parts: LakehouseParts = {}): Promise<Lakehouse> {
  const root = mkdtempSync(join(tmpdir(), 'moraine-lakehouse-'))
  const clock = virtualClock(T0)
  const random = seededRandom(1)
  const database = await openSqlite(join(root, 'moraine.db'))
  const { catalogs, optimizing, options } = wire(database.stores, { clock, random, log: SILENT_LOG }, parts)
  const server = await buildHttpServer(buildOptions(options))
  const { stores } = optimizing
  const { leads = true } = parts
  const stopping = new AbortController()
  const stopWork = () => {
    stopping.abort()
    return stopServices(optimizing.services)
  }
  const crew = workers(optimizing)
  const call = async (method: Method, path: string, payload?: object) => {
    const answer = await server.inject({ method, url: `/api/ams/v1${path}`, ...(payload && { payload }) })
    const { result, message } = answer.json()
    assert(answer.statusCode === 200, `${method} ${path}: ${message}`)
    return result
  }
  const addCatalog: Lakehouse['addCatalog'] = async (catalog) => {
    await stores.catalogs.saveCatalog(catalog)
  }
  await addCatalog({ name: 'lake', type: 'ams', properties: { warehouse: join(root, 'warehouse') } })
  await stores.groups.addGroup({ name: 'default', container: 'external', properties: {} })
  if (leads) await startServices(optimizing.services, stopping.signal)
  return {
    ...{ root, addCatalog },
    async do(method, path, body) {
      await call(method, path, body)
    },
    ask: (path, { isSlow = false } = {}) => (isSlow ? clock.run(call('GET', path)) : call('GET', path)),
    async makeTable(table) {
      const made = await makeLakehouseTable({ catalogs, optimizing, clock, random }, table)
      if (!leads) await stores.tables.addTable({ name: made.name, format: 'ICEBERG', createdAt: clock.now() })
      return made
    },
    register: (parts) => crew.register(parts),
    nudge: optimizing.nudge,
    stopWork,
    pass: (ms) => pass(clock, ms, crew.beat),
    listen: () => server.listen({ host: '127.0.0.1', port: 0 }),
    async close() {
      crew.leave()
      await stopWork()
      await server.close()
      await catalogs.close()
      await database.close()
      rmSync(root, { recursive: true })
    },
  }
}

type Common = Pick<OptimizingDeps, 'clock' | 'random' | 'log'>

/** As `compose.ts` does for a server that is alone. */
function wire(stored: Stores, common: Common, { maintenance: instead, settings, leaseMs = 60_000 }: LakehouseParts) {
  const { pointers, underClaims, drops, catalogs: store } = stored
  const vault = secretVault(common.random.bytes(32), common.random)
  const catalogs = openCatalogs({
    ...{ ...common, store, vault, pointers, underClaims, stagedKey: common.random.bytes(32) },
    drops: { pointers: drops, retentionMs: 0 },
    others: placesOfOthers({ stores: stored, vault, findMetadataLocation: async () => undefined }),
  })
  const listing = catalogListing(catalogs)
  const breakers = catalogBreakers(common)
  const watched = watchedCatalogs(catalogs, watchedCalls({ ...common, breakers }))
  const maintenance = icebergMaintenance({ ...common, reach: (name, signal) => reachTable(watched, name, signal) })
  const optimizing = composeOptimizing({
    ...{ ...common, stores: stored, listing, breakers },
    maintenance: { ...maintenance, ...instead },
    settings: { ...DEFAULT_SETTINGS, ...settings },
    groupSecrets: () => undefined,
    othersLed: false,
    onResources: () => {},
  })
  const onHoldEnded = () => WHEN_A_HOLD_ENDS.forEach(optimizing.nudge)
  const options = {
    ...{ ...common, stores: optimizing.stores, listing, findCatalog: catalogs },
    ...{ outages: breakers.outages, isWithheld: optimizing.isWithheld },
    inspection: icebergInspection((table, signal) => showTable(catalogs, table, signal)),
    ...{ onHoldEnded, onGroupChanged: onHoldEnded, blockerTimeoutMs: leaseMs },
  }
  return { catalogs, optimizing, options }
}

/** Steps over the sleeps of the service, and lets it work in between. */
async function pass(clock: VirtualClock, ms: number, beat: () => Promise<void>): Promise<void> {
  const end = later(clock.now(), ms)
  // Somebody sleeps until then, so that it is reached.
  void clock.sleep(ms)
  while (clock.now() < end) {
    for (const beatAt = later(clock.now(), BEAT_MS); clock.now() < Math.min(end, beatAt); ) {
      clock.step(end)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await beat()
  }
}

/** As optimizers do. */
const BEAT_MS = 10_000
