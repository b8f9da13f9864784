import { type Health, health } from '@moraine/api/rest/service-schemas'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { type Authenticator, openAuthenticator } from '../access/authenticator.ts'
import { demand } from '../access/identity.ts'
import type { LastRun } from '../background/reconciler.ts'
import type { TableAccess } from '../catalogs/delegation/table-access.ts'
import { icebergRest, sendRestError } from '../iceberg-rest/iceberg-rest.ts'
import type { IcebergRestHooks } from '../iceberg-rest/iceberg-rest-hooks.ts'
import { Idempotency } from '../iceberg-rest/idempotency.ts'
import type { Service } from '../service/service.ts'
import { type AmsApiDeps, amsApi } from './ams/ams-api.ts'
import { guardRoutes } from './ams/guard-routes.ts'
import { sendError } from './ams/send-error.ts'
import { serviceMetrics } from './metrics.ts'
import { openApi } from './openapi.ts'
import { refuseForeign } from './refuse-foreign.ts'
import { rootRoute } from './root-route.ts'

export type HttpServerOptions = AmsApiDeps & {
  readonly host: string
  readonly port: number
  readonly hooks: IcebergRestHooks
  /** Without it nobody has to say who they are. */
  readonly authenticator?: Authenticator
  /** Reads the files of a catalog's tables, for scans to be planned here; `undefined` for catalogs there are not. */
  readonly ioOf?: (warehouse: string) => Promise<FileIO | undefined>
  /** How clients come to the files of a catalog's tables; `undefined` where it hands nothing out. */
  readonly accessOf?: (warehouse: string) => Promise<TableAccess | undefined>
  /** What each reconciler did last. */
  readonly lastRuns: () => Readonly<Record<string, LastRun | undefined>>
}

export type HttpServer = Service & {
  /** With the port that was really taken; after the start. */
  url(): string
}

/** Serves the API, the Iceberg REST catalog, metrics and health on one port. */
export function httpServer(options: HttpServerOptions): HttpServer {
  let server: FastifyInstance | undefined
  let url = ''
  return {
    name: 'http',
    url: () => url,
    async start() {
      server = await buildHttpServer(options)
      url = await listen(server, options)
    },
    stop: async () => server?.close(),
  }
}

/** All routes, without a port. */
export async function buildHttpServer(options: HttpServerOptions): Promise<FastifyInstance> {
  // No open connection keeps the service from stopping.
  const server = Fastify({
    routerOptions: { maxParamLength: 2048 },
    logger: false,
    forceCloseConnections: true,
    requestTimeout: REQUEST_TIMEOUT_MS,
    frameworkErrors: (error, request, reply) => {
      // Of a path that cannot be read no route is known, nor its error handler.
      if (REST_PREFIXES.some((prefix) => request.url.startsWith(`${prefix}/`))) sendRestError(error, reply)
      else sendError(error, request, reply, options.log)
    },
  })
  const { authenticator = openAuthenticator() } = options
  if (authenticator.openTo === 'this-machine')
    server.addHook('onRequest', async ({ headers }) => refuseForeign(headers))
  server.setErrorHandler((error: FastifyError | MoraineError, request, reply) =>
    sendError(error, request, reply, options.log),
  )
  await openApi(server, options.facts.version.version)
  rootRoute(server, options.facts.version.version)
  addHealth(server, options, authenticator)
  addMetrics(server, options, authenticator)
  await server.register(async (guarded) => {
    guardRoutes(guarded, AMS_PREFIX, authenticator)
    await guarded.register(amsApi, { prefix: AMS_PREFIX, ...options })
  })
  const { catalogs, ioOf, accessOf, hooks, stores, clock, log } = options
  const idempotency = new Idempotency(stores.answers, clock, (error) =>
    log.warn({ failure: describeError(error) }, 'an answer was not kept; the same request would be made again'),
  )
  for (const prefix of REST_PREFIXES) {
    await server.register(icebergRest, {
      prefix,
      // The other prefix is a shorter name for the same.
      isDescribed: prefix === REST_PREFIXES[0],
      catalogs,
      authenticator,
      idempotency,
      ...hooks,
      ...(ioOf !== undefined && { ioOf }),
      ...(accessOf !== undefined && { accessOf }),
    })
  }
  return server
}

const AMS_PREFIX = '/api/ams/v1'
const REST_PREFIXES = ['/api/iceberg/rest', '/iceberg']

/** For all of a request to arrive: enough for the largest commit on a slow line, and no more for who dawdles. */
const REQUEST_TIMEOUT_MS = 300_000

function addHealth(server: FastifyInstance, { lastRuns, facts }: HttpServerOptions, { openTo }: Authenticator): void {
  const schema = { tags: ['service'], summary: 'What this process does', response: { 200: health } }
  server.get('/health', { schema }, async () => healthBody(lastRuns(), facts.version.version, openTo !== 'nobody'))
}

/** Failures may name databases and hosts: they are not for whoever asks. */
function healthBody(runs: ReturnType<HttpServerOptions['lastRuns']>, version: string, tellsFailures: boolean): Health {
  const known = Object.entries(runs).flatMap(([name, run]) => (run === undefined ? [] : [{ name, run }]))
  return {
    status: known.some(({ run }) => run.failure !== undefined) ? 'DEGRADED' : 'UP',
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
    demand(await authenticator.identify(request.headers.authorization), 'view-system', {})
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
