import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Catalog } from '@moraine/catalogs/catalog'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { DEFAULT_GROUP } from '@moraine/management/records/table-settings'
import { MIN_PARALLELISM } from '@moraine/management/resources/allocation-settings'
import type { Stores } from '@moraine/management/store/stores'
import { openDatabase } from '@moraine/persistence/open-database'
import { describeError, type MoraineError } from '@moraine/stdx/error'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { uuidV4, uuidV7 } from '@moraine/stdx/random'
import { VERSION } from '@moraine/stdx/version'
import { type Access, composeAccess } from './access/compose-access.ts'
import type { GroupSecrets } from './access/group-secrets.ts'
import { type ReportKeeper, reportKeeper } from './background/report-keeper.ts'
import type { CatalogRegistry } from './catalogs/catalog-registry.ts'
import { sealPlainCatalogs } from './catalogs/catalog-secrets.ts'
import type { FindOpened, OpenCatalogs } from './catalogs/open-catalogs.ts'
import { tellTableChange } from './catalogs/tell-table-change.ts'
import { tellingCatalogs } from './catalogs/telling-catalog.ts'
import { type ComposedCatalogs, composeCatalogs, composeRegistry } from './compose-catalogs.ts'
import { composeLeadership, type Leadership } from './compose-leadership.ts'
import { beginTerm } from './compose-term.ts'
import { checkContainers } from './containers/open-containers.ts'
import type { RegistrationPlace } from './http/ams/group-routes.ts'
import { type DashboardBuild, readDashboard } from './http/dashboard.ts'
import { countingProcesses, type EndedProcesses } from './http/ended-processes.ts'
import { type HttpServer, type HttpServerOptions, httpServer } from './http/http-server.ts'
import { pageTokens } from './iceberg-rest/page-tokens.ts'
import { takeOnlyPost } from './leadership/only-post.ts'
import type { Post } from './leadership/post.ts'
import { announcing, WHEN_A_GROUP_CHANGES, WHEN_A_HOLD_ENDS } from './nudges/nudges.ts'
import { derivedKey } from './secrets/derived-key.ts'
import { sealedStores } from './secrets/sealed-stores.ts'
import { loadSecretKey } from './secrets/secret-key.ts'
import { type SecretVault, secretVault } from './secrets/secret-vault.ts'
import type { ServerOptions } from './server-options.ts'
import { prepareDataDirectory } from './service/data-directory.ts'
import { exposedUrl } from './service/exposed-host.ts'
import { type ListeningAddress, listeningAddress } from './service/listening-address.ts'
import { type Service, startServices, stopServices } from './service/service.ts'
import { icebergInspection } from './table-work/iceberg-inspection.ts'
import { showTable } from './table-work/shown-table.ts'
import { checkCertificates } from './thrift/certificate-files.ts'
import { doorHost, secretsAskedFor } from './thrift/optimizer-door.ts'
import { optimizingUrl } from './thrift/optimizing-url.ts'
import { tableDoor } from './thrift/table-door.ts'
import { tableMetastoreHandlers } from './thrift/table-metastore-handlers.ts'

/** The running service, as the command line and the sample see it. */
export type RunningServer = {
  readonly url: string
  readonly thriftPort: number
  /** By which optimizers elsewhere come in, also where another server leads. */
  readonly thriftUrl: string
  /** Of the table service; `undefined` where it is not opened, or another server leads. */
  readonly tablePort: number | undefined
  readonly stores: Stores
  /** The service's own catalog; commits through it are noticed at once. Several servers have none of their own. */
  readonly catalog: Catalog | undefined
  readonly catalogs: OpenCatalogs
  /** `id:secret` of the administrator that this start made; shown now or never. */
  readonly firstCredential: string | undefined
  /** Comes when another service has taken over the database: this one has to stop. */
  readonly lost: Promise<MoraineError>
  stop(): Promise<void>
}

/** The catalog that every new service begins with. */
const OWN_CATALOG = 'lake'

/**
 * Wires the service: the only place that knows all its parts. Stops again whatever was started if a part cannot start.
 *
 * @param signal ends a start that still waits, for its post or for its turn; a server that runs is stopped by its own `stop`
 */
export async function startServer(options: ServerOptions, signal?: AbortSignal): Promise<RunningServer> {
  const { dataDir, settings, log } = options
  if (settings.optimizerTls !== undefined) await checkCertificates(settings.optimizerTls)
  const database = await openDatabase(settings.database, await prepareDataDirectory(dataDir), options)
  const { state, ended } = countingProcesses(database.stores.state)
  const stores: Stores = { ...database.stores, state }
  const services: Service[] = [{ name: 'database', start: async () => undefined, stop: () => database.close() }]
  const stopping = new AbortController()
  const lost = Promise.withResolvers<MoraineError>()
  const stop = () => {
    stopping.abort()
    return stopServices(services.toReversed())
  }
  try {
    const starting = signal === undefined ? stopping.signal : AbortSignal.any([stopping.signal, signal])
    const post = await postOfOne(options, stores, starting)
    if (post !== undefined) {
      services.push({ name: 'post of the service', start: async () => undefined, stop: () => post.release() })
      post.lost.addEventListener('abort', () => lost.resolve(post.lost.reason as MoraineError), { once: true })
    }
    const secretKey = await loadSecretKey(dataDir, options.random, process.env)
    const vault = secretVault(secretKey, options.random)
    const access = await composeAccess(settings.access, { ...options, secretKey, principals: stores.principals })
    await prepare(stores, settings.ha === undefined ? dataDir : undefined, options.leastThreads)
    if (settings.ha !== undefined) await checkContainers(settings.containers, { ...options, environment: process.env })
    await sealPlainCatalogs(stores.catalogs, vault, log)
    const dashboard = options.dashboardDir === undefined ? undefined : await readDashboard(options.dashboardDir)
    const { parts, running } = await wire({ ...options, ...access, secretKey, vault, stores, ended, post, dashboard })
    services.push(...parts)
    starting.throwIfAborted()
    await startServices(services, stopping.signal)
    // Once it runs: a start that fails would take the credential with it.
    return { ...running(), firstCredential: await access.makeFirst(), lost: lost.promise, stop }
  } catch (error) {
    await stop().catch((failure: unknown) => {
      log.error({ failure: describeError(failure) }, 'a part did not stop after another could not start')
    })
    throw error
  }
}

/** Of a database that several could reach, one service is in charge unless they agree on who is; a file is locked by itself. */
async function postOfOne(options: ServerOptions, { leases }: Stores, signal: AbortSignal): Promise<Post | undefined> {
  const { database, ha } = options.settings
  if (database.engine === 'sqlite' || ha !== undefined) return undefined
  const address = () => ({ host: hostname(), pid: process.pid })
  const timing = { ttlMs: 15_000, heartbeatMs: 5000 }
  return takeOnlyPost({ ...options, leases, holder: uuidV4(options.random), timing, address }, signal)
}

type Wired = {
  readonly parts: readonly Service[]
  /** The service as it is seen, once its parts are started. */
  running(): Omit<RunningServer, 'firstCredential' | 'lost' | 'stop'>
}

type WireOptions = ServerOptions &
  Pick<Access, 'authenticator'> & {
    readonly secretKey: Uint8Array
    readonly vault: SecretVault
    /** As they come from the database. */
    readonly stores: Stores
    readonly ended: EndedProcesses
    readonly dashboard: DashboardBuild | undefined
    readonly post: Post | undefined
  }

/** All parts, none of them started, in the order in which they start. Each is made of those before it. */
async function wire(options: WireOptions): Promise<Wired> {
  const found = composeCatalogs(options)
  const address = listeningAddress('the API')
  const leadership = composeLeadership({ ...options, httpUrl: address.url })
  const secretOf = secretsAskedFor(options)
  const served = serveWith(options, found, leadership, secretOf)
  const tables = tableDoor({ ...options, handlers: () => tableService(options, served, address.url()) })
  const leading = leadership.service({
    tables,
    begin: (with_, fence) => beginTerm({ ...options, ...with_, ...found, secretOf, tables }, fence),
  })
  const http = httpService(options, served, address)
  const catalog = options.settings.ha === undefined ? (await served.catalogs(OWN_CATALOG)).catalog : undefined
  const { catalogs } = found
  return {
    parts: [
      { name: 'catalogs', start: async () => undefined, stop: () => catalogs.close() },
      served.reports,
      http,
      leading,
    ],
    running() {
      const thriftPort = leadership.term()?.thriftPort ?? options.thriftPort
      const thriftUrl = optimizingUrl({ host: doorHost(options), port: thriftPort }, options.settings)
      const { stores } = served
      return { url: address.url(), thriftPort, thriftUrl, tablePort: tables.port(), stores, catalog, catalogs }
    },
  }
}

type Parts = {
  readonly stores: Stores
  readonly catalogs: FindOpened
  readonly listing: CatalogListing
  readonly registry: CatalogRegistry
  readonly reports: ReportKeeper
  readonly leadership: Leadership
  readonly registration: (group: ResourceGroup) => Promise<RegistrationPlace>
}

/** What both interfaces are served from: stores and catalogs that tell whoever leads of what changes. */
function serveWith(
  options: WireOptions,
  found: ComposedCatalogs,
  leadership: Leadership,
  secretOf: GroupSecrets,
): Parts {
  const { clock, log, vault } = options
  const { nudges } = leadership
  const sealed = sealedStores(options.stores, vault)
  const stores: Stores = { ...sealed, state: announcing(sealed.state, nudges.send) }
  return {
    stores,
    // What others change through the service is told of; what the service itself does it knows.
    catalogs: tellingCatalogs(found.catalogs, tellTableChange({ stores, nudges, clock, log })),
    listing: found.listing,
    registry: composeRegistry({ ...options, nudges, told: stores, ownCatalog: OWN_CATALOG }, found),
    reports: reportKeeper({ stores, clock, log }),
    leadership,
    registration: async (group) => ({ url: await leadership.thriftUrls(), groupSecret: secretOf(group) }),
  }
}

function httpService(options: WireOptions, parts: Parts, address: ListeningAddress): HttpServer {
  const { stores, catalogs, listing, registry, reports, leadership, registration } = parts
  const { clock, random, log, host, httpPort, authenticator } = options
  const { nudges } = leadership
  const interfaces: HttpServerOptions = {
    host,
    port: httpPort,
    trustedProxies: options.settings.trustedProxies,
    ...(options.dashboard && { dashboard: options.dashboard }),
    stores,
    listing,
    registry,
    findCatalog: catalogs,
    inspection: icebergInspection((table, signal) => showTable(catalogs, table, signal)),
    facts: { version: { version: VERSION, commitTime: '' }, isLeader: () => leadership.leader().kind === 'this' },
    authenticator,
    clock,
    random,
    log,
    secretKey: options.secretKey,
    pageTokens: pageTokens(derivedKey(options.secretKey, 'page tokens'), random),
    ended: options.ended,
    lastRuns: () => leadership.term()?.lastRuns() ?? {},
    outages: () => leadership.news().outages(),
    isWithheld: (table) => leadership.news().isWithheld(table),
    blockerTimeoutMs: options.settings.blockerTimeoutMs,
    heartbeatTimeoutMs: options.settings.deadlines.heartbeatTimeoutMs,
    breaksQuota: options.settings.breaksQuota,
    onHoldEnded: () => WHEN_A_HOLD_ENDS.forEach(nudges.send),
    onGroupChanged: () => WHEN_A_GROUP_CHANGES.forEach(nudges.send),
    containers: options.settings.containers,
    registration,
    nudges: { seal: leadership.seal, receive: nudges.receive },
    hooks: {
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
  }
  return httpServer(interfaces, address)
}

function tableService(options: WireOptions, { stores, catalogs, listing, leadership }: Parts, httpUrl: string) {
  const { settings, clock, random } = options
  return tableMetastoreHandlers({
    stores,
    findCatalog: catalogs,
    listing,
    restUri: () => `${exposedUrl(settings, httpUrl)}/api/iceberg/rest`,
    blockerTimeoutMs: settings.blockerTimeoutMs,
    onHoldEnded: () => WHEN_A_HOLD_ENDS.forEach(leadership.nudges.send),
    clock,
    random,
  })
}

/**
 * What a first start needs: a group for tables, and the service's own catalog, but where there are several servers: a
 * directory of one of them is none of the others'.
 */
async function prepare(stores: Stores, dataDir: string | undefined, leastThreads: number | undefined): Promise<void> {
  if (dataDir !== undefined && (await stores.catalogs.findCatalog(OWN_CATALOG)) === undefined) {
    await stores.catalogs.addCatalog({
      name: OWN_CATALOG,
      type: 'ams',
      properties: { warehouse: join(dataDir, 'warehouse'), 'table-formats': 'ICEBERG' },
    })
  }
  if ((await stores.groups.findGroup(DEFAULT_GROUP)) === undefined) {
    const properties = leastThreads === undefined ? {} : { [MIN_PARALLELISM]: String(leastThreads) }
    await stores.groups.addGroup({ name: DEFAULT_GROUP, container: 'local', properties })
  }
}
