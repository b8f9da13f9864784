import type { Catalog } from '@moraine/catalogs/catalog'
import { assert, must } from '@moraine/stdx/assert'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import type { FileIO } from '@moraine/storage/file-io'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type Authenticator, openAuthenticator } from '../access/authenticator.ts'
import { demand, demandSight, type Identity } from '../access/identity.ts'
import type { TableAccess } from '../catalogs/delegation/table-access.ts'
import { CREDENTIALS_ROUTE, SIGN_ROUTE } from './delegation-routes.ts'
import { describeEndpoint, routePath } from './describe-endpoint.ts'
import { handOutMade } from './handed-out.ts'
import type { IcebergRestHooks } from './iceberg-rest-hooks.ts'
import { type Idempotency, KEY_LIFETIME } from './idempotency.ts'
import { NAMESPACE_ROUTES } from './namespace-routes.ts'
import { oauthRoutes } from './oauth-routes.ts'
import { PLAN_ROUTES } from './plan-routes.ts'
import { encodeRestError, type RestError, restErrorOf } from './rest-error.ts'
import {
  type AnswerSubject,
  malformed,
  placeOfPath,
  type RestAnswer,
  type RestCall,
  type RestRoute,
} from './rest-route.ts'
import { answerWith, TABLE_ROUTES } from './table-routes.ts'
import { TRANSACTION_ROUTES } from './transaction-routes.ts'
import { Turns } from './turns.ts'
import { answerWithView, VIEW_ROUTES, viewsOf } from './view-routes.ts'

export type IcebergRestOptions = IcebergRestHooks & {
  /** The catalog that is served under a warehouse's name; `undefined` if there is none. */
  readonly catalogs: (warehouse: string) => Catalog | undefined | Promise<Catalog | undefined>
  /** Reads the files of a warehouse's tables. Without it, and where it finds nothing, scans are not planned. */
  readonly ioOf?: (warehouse: string) => Promise<FileIO | undefined>
  /** How clients come to the files of a warehouse's tables. Without it, and where it finds nothing, nothing is handed out. */
  readonly accessOf?: (warehouse: string) => Promise<TableAccess | undefined>
  /** Without it nobody has to say who they are. */
  readonly authenticator?: Authenticator
  /** Whether its routes stand in the description of the API. */
  readonly isDescribed?: boolean
  /** Without it idempotency keys are ignored. */
  readonly idempotency?: Idempotency
}

/**
 * Serves catalogs by Iceberg's REST protocol: a Fastify plugin, to be registered under a prefix such as
 * `/api/iceberg/rest`. A client names its warehouse to `/v1/config` and is sent to `/v1/catalogs/<warehouse>`.
 *
 * Bodies are JSON with exact 64-bit integers, in errors too. A commit that may or may not have been made is answered
 * 500 `CommitStateUnknownException`; 503 always means that nothing was done. The server's `maxParamLength` has to leave
 * room for namespaces, which Fastify's default of 100 does not.
 */
export async function icebergRest(server: FastifyInstance, options: IcebergRestOptions): Promise<void> {
  const { maxParamLength = 0 } = server.initialConfig.routerOptions ?? {}
  assert(maxParamLength >= PARAM_LENGTH_MIN, `routerOptions.maxParamLength must be at least ${PARAM_LENGTH_MIN}`)
  const { authenticator = openAuthenticator() } = options
  useExactJson(server)
  oauthRoutes(server, authenticator)
  server.setErrorHandler((error, request, reply) => {
    const answer = restErrorOf(error)
    if (answer.status >= 500) request.log.error(error)
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
  server.get('/v1/config', { ...configured, exposeHeadRoute: false }, async (request) => {
    const identity = await authenticator.identify(request.headers.authorization)
    const { warehouse } = request.query as { warehouse?: string }
    if (warehouse === undefined || warehouse === '') {
      throw malformed('name the catalog in the parameter warehouse')
    }
    // Before it is looked for: whether it is there is for those to know who have a role in it.
    demandSight(identity, { catalog: warehouse })
    const catalog = await findCatalog(options, warehouse)
    const canPlan = (await options.ioOf?.(warehouse)) !== undefined
    const access = await options.accessOf?.(warehouse)
    const overrides = { prefix: `catalogs/${encodeURIComponent(warehouse)}` }
    return {
      defaults: access?.clientSettings ?? {},
      overrides,
      endpoints: routesOf(catalog, canPlan, access).map(({ method, path }) => `${method} ${path}`),
      ...(options.idempotency !== undefined && { 'idempotency-key-lifetime': KEY_LIFETIME }),
    }
  })
  const planning = new Turns(PLANS_AT_A_TIME)
  const all = [...ROUTES, ...VIEW_ROUTES, ...TRANSACTION_ROUTES, ...PLAN_ROUTES, CREDENTIALS_ROUTE, SIGN_ROUTE]
  for (const route of all) addRoute(server, { ...options, authenticator }, planning, route)
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
function routesOf(
  { views, commitTables }: Catalog,
  canPlan: boolean,
  access: TableAccess | undefined,
): readonly RestRoute[] {
  return [
    ...ROUTES,
    ...(views === undefined ? [] : VIEW_ROUTES),
    ...(commitTables === undefined ? [] : TRANSACTION_ROUTES),
    ...(canPlan ? PLAN_ROUTES : []),
    ...(access?.kinds.has('vended-credentials') === true ? [CREDENTIALS_ROUTE] : []),
    ...(access?.kinds.has('remote-signing') === true ? [SIGN_ROUTE] : []),
  ]
}

/** Who sent each request that is being answered. */
const identities = new WeakMap<FastifyRequest, Identity>()

const PARAM_LENGTH_MIN = 1024
/** Each holds a few manifests in memory, and up to as many files as one answer has. */
const PLANS_AT_A_TIME = 4
/** A commit of many removed snapshots or a schema of thousands of columns has a few megabytes. */
const BODY_BYTES_MAX = 64 * 1024 * 1024

type Serving = IcebergRestOptions & { readonly authenticator: Authenticator }

function addRoute(server: FastifyInstance, options: Serving, planning: Turns, route: RestRoute): void {
  server.route({
    method: route.method,
    url: routePath(route.path),
    ...describeEndpoint(`${route.method} ${route.path}`, options.isDescribed ?? false),
    exposeHeadRoute: false,
    bodyLimit: BODY_BYTES_MAX,
    // Before the body is read: nobody unknown has the server take in megabytes.
    onRequest: async (request) => {
      identities.set(request, await options.authenticator.identify(request.headers.authorization))
    },
    handler: async (request, reply) => {
      const params = request.params as Readonly<Record<string, string | undefined>>
      const identity = must(identities.get(request), 'who asks')
      const place = placeOfPath(params)
      if (route.needs === 'see') demandSight(identity, place)
      else demand(identity, route.needs, place)
      const catalog = await findCatalog(options, params['warehouse'] ?? '')
      const call: RestCall = {
        catalog,
        identity,
        params,
        query: lastOfEach(request.query as Readonly<Record<string, string | readonly string[]>>),
        headers: {
          'if-none-match': request.headers['if-none-match'],
          'x-iceberg-access-delegation': request.headers['x-iceberg-access-delegation']?.toString(),
        },
        body: request.body as JsonValue | undefined,
        hooks: guarded(options, request),
        access: await options.accessOf?.(params['warehouse'] ?? ''),
        findIo: async () => options.ioOf?.(params['warehouse'] ?? ''),
        planning,
        signal: goneSignal(reply),
      }
      const isChange = (route.method === 'POST' || route.method === 'DELETE') && route.isRead !== true
      const key = isChange ? request.headers['idempotency-key'] : undefined
      if (options.idempotency === undefined || typeof key !== 'string') return send(reply, await route.answer(call))
      const { method, url } = request
      const keyed = {
        key,
        warehouse: catalog.name,
        principal: identity.name,
        method,
        url,
        body: formatExactJson(call.body ?? null),
      }
      const reload = (subject: AnswerSubject) => answerAbout(call, subject)
      return send(reply, await options.idempotency.once(keyed, () => route.answer(call), reload))
    },
  })
}

/** Aborts when the connection closes before the answer is sent. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort(new MoraineError('aborted', 'the client has gone'))
  })
  return gone.signal
}

async function answerAbout(call: RestCall, { kind, identifier }: AnswerSubject): Promise<RestAnswer> {
  if (kind === 'view') return answerWithView(await viewsOf(call).loadView(identifier))
  const table = await call.catalog.loadTable(identifier)
  return answerWith(table, 'all', await handOutMade(call, table))
}

async function findCatalog({ catalogs }: IcebergRestOptions, warehouse: string): Promise<Catalog> {
  const catalog = await catalogs(warehouse)
  if (catalog !== undefined) return catalog
  throw new MoraineError('not-found', `Warehouse does not exist: ${warehouse}`, { context: { entity: 'warehouse' } })
}

function useExactJson(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: BODY_BYTES_MAX },
    async (_: FastifyRequest, text: string) => {
      if (text === '') return undefined
      try {
        return parseExactJson(text, 'request body')
      } catch (cause) {
        throw malformed(isKind(cause, 'corrupt') ? cause.message : 'the request body cannot be read', cause)
      }
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
    onCommit: guard(hooks.onCommit),
    onDrop: guard(hooks.onDrop),
    onRename: guard(hooks.onRename),
    onWithheld: guard(hooks.onWithheld),
    onMetricsReport: guard(hooks.onMetricsReport),
  }
}

function send(reply: FastifyReply, answer: RestAnswer): FastifyReply {
  const { status, json, text, etag } = answer
  reply.code(status)
  const cacheControl = answer.isSecret === true ? 'no-store' : answer.cacheControl
  if (cacheControl !== undefined) reply.header('cache-control', cacheControl)
  if (etag !== undefined) reply.header('etag', etag)
  if (json === undefined && text === undefined) return reply.send()
  return reply.type('application/json; charset=utf-8').send(text ?? json)
}

function sendError(reply: FastifyReply, error: RestError): FastifyReply {
  return send(reply, { status: error.status, json: encodeRestError(error) })
}
