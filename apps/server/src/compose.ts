import { join } from 'node:path'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { ProcessId } from '@moraine/lifecycle/identity'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { Stores } from '@moraine/management/store/stores'
import type { TableName } from '@moraine/management/tables/table-name'
import { DEFAULT_GROUP } from '@moraine/management/tables/table-settings'
import { openSqlite } from '@moraine/persistence/sqlite/open-sqlite'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { type Random, uuidV7 } from '@moraine/stdx/random'
import { VERSION } from '@moraine/stdx/version'
import { startThriftServer, type ThriftServer } from '@moraine/thrift/server'
import { type Access, composeAccess } from './access/compose-access.ts'
import { purger } from './background/purger.ts'
import { type ReportKeeper, reportKeeper } from './background/report-keeper.ts'
import { catalogListing } from './catalogs/catalog-listing.ts'
import { type CatalogRegistry, catalogRegistry } from './catalogs/catalog-registry.ts'
import { sealPlainCatalogs } from './catalogs/catalog-secrets.ts'
import { committing } from './catalogs/committing-catalog.ts'
import { type OpenCatalogs, openCatalogs, openPlainCatalog } from './catalogs/open-catalogs.ts'
import { reconsiderTables } from './catalogs/reconsider-tables.ts'
import { sealedTaskInputs } from './catalogs/sealed-task-inputs.ts'
import { loadSecretKey } from './catalogs/secret-key.ts'
import { type SecretVault, secretVault } from './catalogs/secret-vault.ts'
import { withTableDefaults } from './catalogs/table-defaults.ts'
import { testConnection } from './catalogs/test-connection.ts'
import type { ServiceSettings } from './config/default-settings.ts'
import { localContainer } from './containers/local-container.ts'
import { type HttpServer, httpServer } from './http/http-server.ts'
import { cancelProcess } from './optimizing/cancel-process.ts'
import { composeOptimizing, type Optimizing } from './optimizing/compose-optimizing.ts'
import { endOptimizers } from './optimizing/end-optimizers.ts'
import { prepareDataDirectory } from './service/data-directory.ts'
import type { Log } from './service/log.ts'
import { type Service, startServices, stopServices } from './service/service.ts'
import { icebergInspection } from './table-work/iceberg-inspection.ts'
import { icebergMaintenance } from './table-work/iceberg-maintenance.ts'
import { optimizeManagerHandlers } from './thrift/optimize-manager-handlers.ts'

export type ServerOptions = {
  readonly dataDir: string
  readonly host: string
  /** 0 takes any free port. */
  readonly httpPort: number
  readonly thriftPort: number
  /** Starts one local optimizer that connects to the given Thrift port; none if absent. */
  readonly optimizerCommand?: (thriftHost: string, thriftPort: number) => readonly [string, ...string[]]
  readonly settings: ServiceSettings
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** The running service, as the command line and the sample see it. */
export type RunningServer = {
  readonly url: string
  readonly thriftPort: number
  readonly stores: Stores
  /** The service's own catalog; commits through it are noticed at once. */
  readonly catalog: Catalog
  readonly catalogs: OpenCatalogs
  /** `id:secret` of the administrator that this start made; shown now or never. */
  readonly firstCredential: string | undefined
  stop(): Promise<void>
}

/** The catalog that every new service begins with. */
const OWN_CATALOG = 'lake'

/** Wires the service: the only place that knows all its parts. Stops again whatever was started if a part cannot start. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { dataDir, log } = options
  const database = await openSqlite(await prepareDataDirectory(dataDir))
  const services: Service[] = [{ name: 'database', start: async () => undefined, stop: () => database.close() }]
  const stopping = new AbortController()
  const stop = () => {
    stopping.abort()
    return stopServices(services.toReversed())
  }
  try {
    const secretKey = await loadSecretKey(dataDir, options.random, process.env)
    const vault = secretVault(secretKey, options.random)
    const { principals } = database.stores
    const access = await composeAccess(options.settings.access, { ...options, secretKey, principals })
    await prepare(database.stores, dataDir)
    await sealPlainCatalogs(database.stores.catalogs, vault, log)
    const stored = sealedTaskInputs(database.stores, vault)
    const { parts, running } = await wire({ ...options, ...access }, stored, vault)
    services.push(...parts)
    await startServices(services, stopping.signal)
    // Once it runs: a start that fails would take the credential with it.
    return { ...running(), firstCredential: await access.makeFirst(), stop }
  } catch (error) {
    await stop().catch((failure: unknown) => {
      log.error({ failure: describeError(failure) }, 'a part did not stop after another could not start')
    })
    throw error
  }
}

type Wired = {
  readonly parts: readonly Service[]
  /** The service as it is seen, once its parts are started. */
  running(): Omit<RunningServer, 'firstCredential' | 'stop'>
}

/** All parts, none of them started, in the order in which they start. */
async function wire(
  options: ServerOptions & Pick<Access, 'authenticator'>,
  stored: Stores,
  vault: SecretVault,
): Promise<Wired> {
  const { clock, random, log, optimizerCommand } = options
  const drops = { pointers: stored.drops, retentionMs: options.settings.dropRetentionMs }
  const opening = { pointers: stored.pointers, drops, clock, random, log }
  const catalogs = openCatalogs({ ...opening, store: stored.catalogs, vault })
  const maintenance = icebergMaintenance({ clock, random, reach: (table, signal) => reach(catalogs, table, signal) })
  const listing = catalogListing(catalogs)
  const optimizing = composeOptimizing({ ...options, stores: stored, maintenance, listing })
  const { stores } = optimizing
  const thrift = thriftService(options, optimizing)
  const registry = catalogRegistry({
    store: stored.catalogs,
    vault,
    pointers: stored.pointers,
    drops: stored.drops,
    ownCatalog: OWN_CATALOG,
    testConnection: (plain) =>
      testConnection(plain, { open: (each, signal) => openPlainCatalog(each, opening, signal), clock, random }),
    onChanged(name, { hasOtherDefaults }) {
      catalogs.forget(name)
      optimizing.onCatalogChanged(name)
      if (!hasOtherDefaults) return
      void reconsiderTables(name, optimizing).catch((error: unknown) => {
        log.warn({ catalog: name, failure: describeError(error) }, 'tables are held to old defaults until they change')
      })
    },
  })
  const reports = reportKeeper({ stores, clock, log })
  const http = httpService(options, { optimizing, catalogs, listing, registry, reports })
  const container =
    optimizerCommand &&
    localContainer({
      command: () => optimizerCommand(thriftHostOf(options), thrift.port()),
      endOptimizers: (gone) => endOptimizers(stores, clock, gone),
      clock,
      random,
      log,
    })
  const catalog = committing((await catalogs(OWN_CATALOG)).catalog, (identifier) =>
    noticeCommit(optimizing, { catalog: OWN_CATALOG, ...identifier }, log),
  )
  return {
    parts: [
      ...optimizing.services,
      purger({ stores: stored, catalogs, clock, log }),
      reports,
      thrift,
      http,
      ...(container === undefined ? [] : [container]),
    ],
    running: () => ({ url: http.url(), thriftPort: thrift.port(), stores, catalog, catalogs }),
  }
}

type Parts = {
  readonly optimizing: Optimizing
  readonly catalogs: OpenCatalogs
  readonly listing: CatalogListing
  readonly registry: CatalogRegistry
  readonly reports: ReportKeeper
}

function httpService(
  options: ServerOptions & Pick<Access, 'authenticator'>,
  { optimizing, catalogs, listing, registry, reports }: Parts,
): HttpServer {
  const { clock, random, log, host, httpPort, authenticator } = options
  return httpServer({
    host,
    port: httpPort,
    stores: optimizing.stores,
    listing,
    registry,
    openCatalog: (name) => catalogs(name),
    inspection: icebergInspection((table, signal) => reach(catalogs, table, signal)),
    facts: { version: { version: VERSION, commitTime: '' }, isLeader: () => true },
    authenticator,
    clock,
    random,
    log,
    lastRuns: optimizing.lastRuns,
    catalogs: (warehouse) => unlessUnknown(catalogs(warehouse).then(({ catalog }) => catalog)),
    ioOf: (warehouse) => unlessUnknown(catalogs(warehouse).then(({ io }) => io)),
    accessOf: (warehouse) => unlessUnknown(catalogs(warehouse).then(({ access }) => access)),
    hooks: {
      onCommit: ({ catalog, identifier }) => noticeCommit(optimizing, { catalog, ...identifier }, log),
      onDrop: ({ catalog }) => optimizing.onCatalogChanged(catalog),
      onRename: ({ catalog }) => optimizing.onCatalogChanged(catalog),
      onWithheld: ({ catalog, identifier, error }) =>
        log.warn(
          { catalog, table: identifier, failure: describeError(error) },
          'a new table is told without credentials',
        ),
      onMetricsReport: ({ catalog, identifier, principal, metrics: { kind, snapshotId, report } }) =>
        reports.keep({
          reportId: uuidV7(random, clock.now()),
          table: { catalog, ...identifier },
          kind,
          snapshotId,
          principal,
          receivedAt: clock.now(),
          report: formatExactJson(report),
        }),
    },
  })
}

/** Optimizers need not say who they are, and learn how to reach the files of tables: others should not come near. */
function thriftHostOf({ host, settings, authenticator }: ServerOptions & Pick<Access, 'authenticator'>): string {
  if (settings.thriftHost !== '') return settings.thriftHost
  if (authenticator.openTo !== 'nobody') return host
  return host.includes(':') ? '::1' : '127.0.0.1'
}

function thriftService(
  options: ServerOptions & Pick<Access, 'authenticator'>,
  { service, stores }: Optimizing,
): Service & { readonly port: () => number } {
  const { clock, log } = options
  const host = thriftHostOf(options)
  let server: ThriftServer | undefined
  const port = () => server?.port ?? 0
  const handlers = optimizeManagerHandlers({
    service,
    log,
    cancelProcess: async (processId: ProcessId) =>
      ['canceled', 'committing'].includes(await cancelProcess(stores, clock, processId)),
    nodeUrls: () => [`thrift://${host}:${port()}`],
  })
  return {
    name: 'thrift',
    port,
    async start() {
      const starting = startThriftServer({
        host,
        port: options.thriftPort,
        services: [handlers],
        clock,
        onFailure: ({ name, peer, error }) => log.warn({ call: name, peer, failure: String(error) }, 'a call failed'),
      })
      server = await starting.catch((error: unknown) => {
        throw isKind(error, 'conflict') ? thriftPortTaken(host, options.thriftPort, error) : error
      })
    },
    async stop() {
      await server?.stop()
    },
  }
}

function thriftPortTaken(host: string, thriftPort: number, { cause }: MoraineError): MoraineError {
  const remedy = 'choose another with --thrift-port or stop its owner'
  return new MoraineError('conflict', `port ${thriftPort} of ${host} is taken; ${remedy}`, { cause })
}

/** What a first start needs: the service's own catalog and a group for its tables. */
async function prepare(stores: Stores, dataDir: string): Promise<void> {
  if ((await stores.catalogs.findCatalog(OWN_CATALOG)) === undefined) {
    await stores.catalogs.saveCatalog({
      name: OWN_CATALOG,
      type: 'ams',
      properties: { warehouse: join(dataDir, 'warehouse'), 'table-formats': 'ICEBERG' },
    })
  }
  if ((await stores.groups.findGroup(DEFAULT_GROUP)) === undefined) {
    await stores.groups.saveGroup({ name: DEFAULT_GROUP, container: 'local', properties: {} })
  }
}

async function reach(
  catalogs: OpenCatalogs,
  { catalog: name, namespace, name: table }: TableName,
  signal: AbortSignal | undefined,
) {
  const { catalog, io, storage, tableDefaults } = await catalogs(name, signal)
  const identifier: TableIdentifier = { namespace, name: table }
  return { store: withTableDefaults(catalog, tableDefaults), identifier, io, storage }
}

async function unlessUnknown<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}

// A table that is not known yet is found by exploring its catalog.
function noticeCommit(optimizing: Optimizing, name: TableName, log: Log): void {
  void optimizing.stores.tables.findTableByName(name).then(
    (table) =>
      table === undefined ? optimizing.onCatalogChanged(name.catalog) : optimizing.onTableChanged(table.tableId),
    (error: unknown) =>
      log.warn({ failure: String(error) }, 'a commit was not noticed; the table is looked at in its turn'),
  )
}
