import { Readable } from 'node:stream'
import type { Catalog } from '@moraine/catalogs/catalog'
import { noSuchWarehouse } from '@moraine/catalogs/catalog-error'
import { assert, must } from '@moraine/stdx/assert'
import { type Clock, systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { formatExactJson, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import { systemRandom } from '@moraine/stdx/random'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticator } from '../access/authenticator.ts'
import { retryAfterOf } from '../access/guess-limits.ts'
import { demand, demandSight, type Identity } from '../access/identity.ts'
import { placedCatalog } from '../access/placed-catalog.ts'
import type { TableAccess } from '../catalogs/delegation/table-access.ts'
import type { FindOpened, OpenedCatalog } from '../catalogs/open-catalogs.ts'
import { ANSWER_LIMITS, type AnswerLimits, answerInTime, inTimeBy } from '../requests/answer-in-time.ts'
import { goneSignal } from '../requests/gone-signal.ts'
import { textOfBody, whyUnread } from '../requests/request-body.ts'
import { ioOfTable } from '../table-work/reached-table.ts'
import { answerAgain } from './answer-again.ts'
import { CREDENTIALS_ROUTE, SIGN_ROUTE } from './delegation-routes.ts'
import { describeEndpoint, routePath } from './describe-endpoint.ts'
import type { IcebergRestHooks } from './iceberg-rest-hooks.ts'
import { type Claimed, type Idempotency, KEY_LIFETIME } from './idempotency.ts'
import { NAMESPACE_ROUTES } from './namespace-routes.ts'
import { oauthRoutes } from './oauth-routes.ts'
import { type PageTokens, pageTokens } from './page-tokens.ts'
import { PLAN_ROUTES } from './plan-routes.ts'
import { refusePoisonedKeys } from './refuse-poisoned-keys.ts'
import { encodeRestError, type RestError, restErrorOf } from './rest-error.ts'
import {
  type AnswerSubject,
  malformed,
  placeOfPath,
  type RestAnswer,
  type RestCall,
  type RestRoute,
} from './rest-route.ts'
import { type ScanPlanning, scanPlanning } from './scan-planning.ts'
import { TABLE_ROUTES } from './table-routes.ts'
import { TRANSACTION_ROUTES } from './transaction-routes.ts'
import { UNREGISTER_ROUTE } from './unregister-route.ts'
import { VIEW_ROUTES } from './view-routes.ts'

export type IcebergRestOptions = IcebergRestHooks & {
  /** The catalog that is served under a warehouse's name. */
  readonly findCatalog: FindOpened
  /** Without it tokens of pages are good for as long as the server runs. */
  readonly pageTokens?: PageTokens
  /** Shared by all that plan scans in one process; without it this plugin has its own. */
  readonly planning?: ScanPlanning
  /** Who sends each request; nobody is let in unasked but by one that says so. */
  readonly authenticator: Authenticator
  /** Whether its routes stand in the description of the API. */
  readonly isDescribed?: boolean
  /** Without it idempotency keys are ignored. */
  readonly idempotency?: Idempotency
  /** What requests are timed by; the system's by default. */
  readonly clock?: Pick<Clock, 'sleep'>
  readonly limits?: AnswerLimits
  /** Told of what is answered by a status from 500 on, of which clients are not told everything. */
  readonly onFailure?: (event: { readonly route: string; readonly requestId: string; readonly error: Error }) => void
}

/**
 * Serves catalogs by Iceberg's REST protocol: a Fastify plugin, to be registered under a prefix such as
 * `/api/iceberg/rest`. A client names its warehouse to `/v1/config` and is sent to `/v1/catalogs/<warehouse>`.
 *
 * Bodies are JSON with exact 64-bit integers, in errors too. A commit, or another change, that may or may not have been made is answered
 * 500 `CommitStateUnknownException`; 503 always means that nothing was done. Requests end in the time of `limits`, or when
 * their client hangs up, unless they have begun to commit. The server's `maxParamLength` has to leave
 * room for namespaces, which Fastify's default of 100 does not.
 */
export async function icebergRest(server: FastifyInstance, options: IcebergRestOptions): Promise<void> {
  const { maxParamLength = 0 } = server.initialConfig.routerOptions ?? {}
  assert(maxParamLength >= PARAM_LENGTH_MIN, `routerOptions.maxParamLength must be at least ${PARAM_LENGTH_MIN}`)
  const { authenticator, clock = systemClock, limits } = options
  const inTime = inTimeBy(clock, limits)
  useExactJson(server)
  oauthRoutes(server, authenticator)
  server.setErrorHandler((error, request, reply) => {
    const told = restErrorOf(error)
    const answer = told.status === 415 ? { ...told, message: whyUnread(request) } : told
    if (answer.status >= 500 && error instanceof Error) {
      options.onFailure?.({ route: `${request.method} ${request.url}`, requestId: request.id, error })
    }
    const retryAfter = retryAfterOf(error)
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
    if (answer.status === 401) reply.header('www-authenticate', 'Bearer realm="moraine"')
    return sendError(reply, answer)
  })
  server.setNotFoundHandler((request, reply) =>
    sendError(reply, {
      status: 404,
      type: 'NotFoundException',
      message: `no such endpoint: ${request.method} ${request.url}`,
    }),
  )
  const configured = describeEndpoint('GET /v1/config', options.isDescribed ?? false)
  server.get('/v1/config', { ...configured, exposeHeadRoute: false }, async (request, reply) => {
    const identity = await authenticator.identify(request.headers.authorization, request.ip)
    const { warehouse } = lastOfEach(request.query as Readonly<Record<string, string | readonly string[]>>)
    if (warehouse === undefined || warehouse === '') {
      throw malformed('name the catalog in the parameter warehouse')
    }
    // Before it is looked for: whether it is there is for those to know who have a role in it.
    demandSight(identity, { catalog: warehouse })
    const { catalog, access } = await inTime(request, reply, (signal) => openWarehouse(options, warehouse, signal))
    const overrides = { prefix: `catalogs/${encodeURIComponent(warehouse)}` }
    return {
      defaults: access?.clientSettings ?? {},
      overrides,
      endpoints: routesOf(catalog, access).map(({ method, path }) => `${method} ${path}`),
      ...(options.idempotency !== undefined && { 'idempotency-key-lifetime': KEY_LIFETIME }),
    }
  })
  const planning = options.planning ?? scanPlanning()
  const pages = options.pageTokens ?? pageTokens(systemRandom.bytes(32), systemRandom)
  const all = [
    ...ROUTES,
    ...VIEW_ROUTES,
    ...TRANSACTION_ROUTES,
    ...PLAN_ROUTES,
    CREDENTIALS_ROUTE,
    SIGN_ROUTE,
    UNREGISTER_ROUTE,
  ]
  for (const route of all) addRoute(server, { ...options, pages, planning }, route)
}

/** For what goes wrong before a route is found. */
export function sendRestError(error: unknown, reply: FastifyReply): void {
  const { status, type, message } = restErrorOf(error)
  // The reply is of no plugin, and has no serializer.
  reply.code(status).type('application/json; charset=utf-8')
  void reply.send(formatExactJson(encodeRestError({ status, type, message })))
}

const ROUTES = [...NAMESPACE_ROUTES, ...TABLE_ROUTES]

/** Those that the catalog can answer. */
function routesOf({ views, commitTables, dropped }: Catalog, access: TableAccess | undefined): readonly RestRoute[] {
  return [
    ...ROUTES,
    ...(views === undefined ? [] : VIEW_ROUTES),
    ...(commitTables === undefined ? [] : TRANSACTION_ROUTES),
    ...(dropped === undefined ? [] : [UNREGISTER_ROUTE]),
    ...PLAN_ROUTES,
    ...(access?.kinds.has('vended-credentials') === true ? [CREDENTIALS_ROUTE] : []),
    ...(access?.kinds.has('remote-signing') === true ? [SIGN_ROUTE] : []),
  ]
}

/** Who sent each request that is being answered. */
const identities = new WeakMap<FastifyRequest, Identity>()

const PARAM_LENGTH_MIN = 1024
/** A commit of many removed snapshots or a schema of thousands of columns has a few megabytes. */
const BODY_BYTES_MAX = 64 * 1024 * 1024
/** They are made at one go, in which nobody else is answered: a second for so many, of which such a commit has a fraction. */
const BODY_VALUES_MAX = 2 ** 20
/** Up to here an answer is sent as one piece, a copy that ends with it; larger ones share what they are made of. */
const COPIED_BYTES_MAX = 64 * 1024

type Serving = IcebergRestOptions & Pick<RestCall, 'pages' | 'planning'>

function addRoute(server: FastifyInstance, options: Serving, route: RestRoute): void {
  server.route({
    method: route.method,
    url: routePath(route.path),
    ...describeEndpoint(`${route.method} ${route.path}`, options.isDescribed ?? false),
    exposeHeadRoute: false,
    bodyLimit: BODY_BYTES_MAX,
    // Before the body is read: nobody unknown has the server take in megabytes.
    onRequest: async (request) => {
      identities.set(request, await options.authenticator.identify(request.headers.authorization, request.ip))
    },
    handler: async (request, reply) => {
      const { method, url } = request
      const { clock = systemClock, limits = ANSWER_LIMITS } = options
      const isChange = (route.method === 'POST' || route.method === 'DELETE') && route.isRead !== true
      const asked = { isChange, what: `${method} ${url}`, gone: goneSignal(reply) }
      return send(
        reply,
        await answerInTime(clock, limits, asked, async (signal) => {
          const { call, under } = await callOf(options, route, request, signal)
          const key = isChange ? request.headers['idempotency-key'] : undefined
          if (options.idempotency === undefined || typeof key !== 'string') return route.answer(call)
          const keyed = {
            key,
            warehouse: call.catalog.name,
            principal: call.identity.name,
            method,
            url,
            body: formatExactJson(call.body ?? null),
          }
          const reload = (subject: AnswerSubject) => answerAgain(call, subject)
          return options.idempotency.once(keyed, (claimed) => route.answer(under(claimed)), reload, signal)
        }),
      )
    },
  })
}

/** @throws {MoraineError} `permission` to whoever may not, before anything is looked for */
async function callOf(
  options: Serving,
  route: RestRoute,
  request: FastifyRequest,
  signal: AbortSignal,
): Promise<{ readonly call: RestCall; under(claimed: Claimed): RestCall }> {
  const params = request.params as Readonly<Record<string, string | undefined>>
  const warehouse = params['warehouse'] ?? ''
  const identity = must(identities.get(request), 'who asks')
  const place = placeOfPath(params)
  if (route.needs === 'see') demandSight(identity, place)
  else demand(identity, route.needs, place)
  const opened = await openWarehouse(options, warehouse, signal)
  const { io, placement, access } = opened
  const placed = (catalog: Catalog) => placedCatalog(catalog, { rules: placement, io, identity })
  const call: RestCall = {
    catalog: placed(opened.catalog),
    identity,
    params,
    query: lastOfEach(request.query as Readonly<Record<string, string | readonly string[]>>),
    headers: {
      'if-none-match': request.headers['if-none-match'],
      'x-iceberg-access-delegation': request.headers['x-iceberg-access-delegation']?.toString(),
    },
    body: request.body as JsonValue | undefined,
    hooks: guarded(options, request),
    access,
    ioOf: (table) => ioOfTable(opened, table),
    placement,
    pages: options.pages,
    planning: options.planning,
    signal,
  }
  return {
    call,
    under: ({ claim, signal: held }) => ({
      ...call,
      signal: held,
      ...(opened.under && { catalog: placed(opened.under(claim)) }),
    }),
  }
}

async function openWarehouse(
  { findCatalog }: Pick<IcebergRestOptions, 'findCatalog'>,
  warehouse: string,
  signal: AbortSignal,
): Promise<OpenedCatalog> {
  try {
    return await findCatalog(warehouse, signal)
  } catch (error) {
    throw isKind(error, 'not-found') ? noSuchWarehouse(warehouse) : error
  }
}

function useExactJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
    async (_: FastifyRequest, body: Buffer) => {
      if (body.length === 0) return undefined
      const text = textOfBody(body)
      let parsed: JsonValue
      try {
        parsed = parseExactJson(text, 'request body', BODY_VALUES_MAX)
      } catch (cause) {
        throw malformed(isKind(cause, 'corrupt') ? cause.message : 'the request body cannot be read', cause)
      }
      refusePoisonedKeys(parsed, text)
      return parsed
    },
  )
  server.setReplySerializer((payload) => formatExactJson(payload))
}

/** Of a parameter that is given several times the last counts. */
function lastOfEach(query: Readonly<Record<string, string | readonly string[]>>): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(query).map(([key, value]) => [key, typeof value === 'string' ? value : value.at(-1)]),
  )
}

function guarded(hooks: IcebergRestHooks, request: FastifyRequest): IcebergRestHooks {
  const guard =
    <Event>(hook: ((event: Event) => void) | undefined) =>
    (event: Event) => {
      try {
        hook?.(event)
      } catch (error) {
        request.log.error(error, 'a hook of the REST catalog failed')
      }
    }
  return {
    onWithheld: guard(hooks.onWithheld),
    onMetricsReport: guard(hooks.onMetricsReport),
  }
}

function send(reply: FastifyReply, answer: RestAnswer): FastifyReply {
  const { status, json, pieces, etag } = answer
  reply.code(status)
  const cacheControl = answer.isSecret === true ? 'no-store' : answer.cacheControl
  if (cacheControl !== undefined) reply.header('cache-control', cacheControl)
  if (etag !== undefined) reply.header('etag', etag)
  if (json === undefined && pieces === undefined) return reply.send()
  reply.type('application/json; charset=utf-8')
  if (pieces === undefined) return reply.send(json)
  const length = pieces.reduce((bytes, piece) => bytes + piece.length, 0)
  // A stream costs as much as a small answer does altogether.
  if (length <= COPIED_BYTES_MAX) return reply.send(Buffer.concat(pieces, length))
  reply.header('content-length', length)
  return reply.send(Readable.from(pieces))
}

function sendError(reply: FastifyReply, error: RestError): FastifyReply {
  return send(reply, { status: error.status, json: encodeRestError(error) })
}
