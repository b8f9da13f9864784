import { type Health, health } from '@moraine/api/rest/service-schemas'
import { DEFAULT_GROUP } from '@moraine/management/records/table-settings'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, MoraineError } from '@moraine/stdx/error'
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import type { Authenticator } from '../access/authenticator.ts'
import { demand } from '../access/identity.ts'
import type { LastRun } from '../background/reconciler.ts'
import { icebergRest, sendRestError } from '../iceberg-rest/iceberg-rest.ts'
import type { IcebergRestHooks } from '../iceberg-rest/iceberg-rest-hooks.ts'
import { Idempotency } from '../iceberg-rest/idempotency.ts'
import type { PageTokens } from '../iceberg-rest/page-tokens.ts'
import { scanPlanning } from '../iceberg-rest/scan-planning.ts'
import { failureLog } from '../requests/failure-log.ts'
import { listeningAddress } from '../service/listening-address.ts'
import type { Log } from '../service/log.ts'
import type { Service } from '../service/service.ts'
import { type AmsApiDeps, amsApi } from './ams/ams-api.ts'
import { guardRoutes, isOpenRoute } from './ams/guard-routes.ts'
import { sendError } from './ams/send-error.ts'
import { answerClientError } from './client-error.ts'
import { type DashboardBuild, dashboard } from './dashboard.ts'
import type { EndedProcesses } from './ended-processes.ts'
import { serviceMetrics } from './metrics.ts'
import { type NudgeRouteDeps, nudgeRoute } from './nudge-route.ts'
import { openApi } from './openapi.ts'
import { ownRequests } from './own-requests.ts'
import { refuseForeign } from './refuse-foreign.ts'
import { RETURNED, requestTrail } from './request-trail.ts'
import { rootRoute } from './root-route.ts'
import { sessionCookies } from './session-cookie.ts'
import { boundWaitingAnswers } from './waiting-answers.ts'

export type HttpServerOptions = Omit<AmsApiDeps, 'ownRequests' | 'onFailure'> & {
  readonly host: string
  readonly log: Log
  readonly port: number
  readonly hooks: IcebergRestHooks
  /** Addresses and networks of proxies that are believed where a request comes from. */
  readonly trustedProxies?: readonly string[]
  /** Who sends each request; nobody is let in unasked but by one that says so. */
  readonly authenticator: Authenticator
  readonly pageTokens?: PageTokens
  /** Without it there are no pages for people. */
  readonly dashboard?: DashboardBuild
  /** What all servers of the service have, and nobody else. */
  readonly secretKey: Uint8Array
  readonly ended: EndedProcesses
  /** What each reconciler did last. */
  readonly lastRuns: () => Readonly<Record<string, LastRun | undefined>>
  /** Where other servers of the database tell what has changed. */
  readonly nudges?: NudgeRouteDeps
}

export type HttpServer = Service & {
  /** With the port that was really taken; after the start. */
  url(): string
}

/**
 * Serves the API, the Iceberg REST catalog, metrics and health on one port.
 *
 * @param address is told the port that was really taken
 */
export function httpServer(options: HttpServerOptions, address = listeningAddress('the API')): HttpServer {
  let server: FastifyInstance | undefined
  return {
    name: 'http',
    url: address.url,
    async start() {
      server = await buildHttpServer(options)
      address.tell(await listen(server, options))
    },
    stop: async () => server?.close(),
  }
}

/** All routes, without a port. */
export async function buildHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  const { authenticator, trustedProxies = [] } = options
  const onFailure = failureLog(options.log, options.clock)
  // No open connection keeps the service from stopping.
  const server = Fastify({
    routerOptions: { maxParamLength: 2048 },
    logger: false,
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    clientErrorHandler: (error, socket) => answerClientError(error, socket, REST_PREFIXES),
    frameworkErrors: (error, request, reply) => {
      // Of a path that cannot be read no route is known, nor its error handler.
      if (REST_PREFIXES.some((prefix) => request.url.startsWith(`${prefix}/`))) sendRestError(error, reply)
      else sendError(error, request, reply, onFailure)
    },
  })
  boundWaitingAnswers(server, {
    clock: options.clock,
    onGivenUp: (event) => options.log.warn(event, 'clients did not take their answers, and were disconnected'),
  })
  const own = ownRequests(options)
  server.addHook('onRequest', async ({ headers }, reply) => {
    reply.headers(own.notice(headers))
  })
  const trail = requestTrail(options)
  server.addHook('onRequest', async ({ headers }, reply) => {
    const refusal = trail.findRefusal(headers)
    if (refusal === undefined) return
    reply.header(RETURNED, 'true')
    throw refusal
  })
  // Not before: what reads a body calls on from elsewhere.
  server.addHook('preHandler', ({ headers }, _reply, done) => trail.onBehalfOf(headers, done))
  if (authenticator.openTo === 'this-machine')
    server.addHook('onRequest', async ({ headers }) => refuseForeign(headers))
  server.setErrorHandler((error: FastifyError | MoraineError, request, reply) =>
    sendError(error, request, reply, onFailure),
  )
  await openApi(server, options.facts.version.version, isOpen)
  const pages = options.dashboard && dashboard(server, options.dashboard, options.random)
  rootRoute(server, options.facts.version.version, pages)
  server.setNotFoundHandler((request, reply) => {
    if (pages?.isPageRequest(request)) return pages.sendPage(reply)
    const text = `nothing is here: ${request.method} ${request.url}`
    return sendError(new MoraineError('not-found', text), request, reply, onFailure)
  })
  addHealth(server, options, authenticator)
  addMetrics(server, options, authenticator)
  if (options.nudges !== undefined) await server.register(nudgeRoute, options.nudges)
  await server.register(async (guarded) => {
    await sessionCookies(guarded, options)
    guardRoutes(guarded, AMS_PREFIX, authenticator)
    await guarded.register(amsApi, { prefix: AMS_PREFIX, ...options, onFailure, ownRequests: own })
  })
  const { findCatalog, pageTokens, hooks, stores, clock, log } = options
  const idempotency = new Idempotency(stores.answers, clock, (error) =>
    log.warn({ failure: describeError(error) }, 'an answer was not kept; the same request would be made again'),
  )
  const planning = scanPlanning()
  for (const prefix of REST_PREFIXES) {
    await server.register(icebergRest, {
      prefix,
      // The other prefix is a shorter name for the same.
      isDescribed: prefix === REST_PREFIXES[0],
      findCatalog,
      authenticator,
      idempotency,
      planning,
      clock,
      onFailure,
      ...hooks,
      ...(pageTokens !== undefined && { pageTokens }),
    })
  }
  return server
}

const AMS_PREFIX = '/api/ams/v1'

/** The token endpoint is where one says who one is. */
function isOpen(method: string, path: string): boolean {
  if (path.startsWith(AMS_PREFIX)) return isOpenRoute(method, path.slice(AMS_PREFIX.length))
  return path === '/health' || path.endsWith('/oauth/tokens')
}

const REST_PREFIXES = ['/api/iceberg/rest', '/iceberg']

/** For all of a request to arrive: enough for the largest commit on a slow line, and no more for who dawdles. */
const REQUEST_TIMEOUT_MS = 300_000

function addHealth(server: FastifyInstance, options: HttpServerOptions, { openTo }: Authenticator): void {
  const { lastRuns, facts, stores, clock } = options
  const schema = { tags: ['service'], summary: 'What this process does', response: { 200: health } }
  server.get('/health', { schema }, async () => {
    const body = healthBody(lastRuns(), facts.version.version, openTo !== 'nobody')
    const database = await askDatabase(stores, clock)
    return { ...body, database, ...(database === 'DOWN' && { status: 'DEGRADED' as const }) }
  })
}

const DATABASE_WITHIN_MS = 2000

async function askDatabase({ groups }: HttpServerOptions['stores'], clock: Clock): Promise<Health['database']> {
  const limit = { ms: DATABASE_WITHIN_MS, what: 'the database' }
  return withinDeadline(clock, limit, () => groups.findGroup(DEFAULT_GROUP)).then(
    () => 'UP',
    () => 'DOWN',
  )
}

/** Failures may name databases and hosts: they are not for whoever asks. */
function healthBody(runs: ReturnType<HttpServerOptions['lastRuns']>, version: string, tellsFailures: boolean) {
  const known = Object.entries(runs).flatMap(([name, run]) => (run === undefined ? [] : [{ name, run }]))
  return {
    status: known.some(({ run }) => run.failure !== undefined) ? ('DEGRADED' as const) : ('UP' as const),
    version,
    reconcilers: Object.fromEntries(
      known.map(({ name, run: { at, elapsedMs, failure } }) => [
        name,
        { at, elapsedMs, ...(tellsFailures && failure !== undefined && { failure }) },
      ]),
    ),
  }
}

function addMetrics(server: FastifyInstance, options: HttpServerOptions, authenticator: Authenticator): void {
  const metrics = serviceMetrics(options)
  server.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    demand(await authenticator.identify(request.headers.authorization, request.ip), 'view-system', {})
    return reply.type(metrics.contentType).send(await metrics.scrape())
  })
}

async function listen(server: FastifyInstance, { host, port }: HttpServerOptions): Promise<string> {
  try {
    return await server.listen({ host, port })
  } catch (cause) {
    await server.close()
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE') {
      const remedy = 'choose another with --port or stop its owner'
      throw new MoraineError('conflict', `port ${port} of ${host} is taken; ${remedy}`, { cause })
    }
    throw new MoraineError('unavailable', `cannot listen on port ${port} of ${host}`, { cause })
  }
}
