import type { FastifyRequest } from 'fastify'
import type { Static, TObject, TSchema } from 'typebox'
import type { Identity } from '../../access/identity.ts'
import { placedCatalog } from '../../access/placed-catalog.ts'
import type { FindOpened, OpenedCatalog } from '../../catalogs/open-catalogs.ts'
import type { InTime } from '../../requests/answer-in-time.ts'
import { identityOf } from './guard-routes.ts'
import { refuseUnknownFields } from './refuse-unknown-fields.ts'
import { type ApiServer, answers, success } from './route-types.ts'
import { REQUEST } from './table-change/plan-table-change.ts'

export type CatalogRouteDeps = {
  readonly findCatalog: FindOpened
  readonly inTime: InTime
}

type CatalogRoute = {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: `/catalogs/:catalog${string}`
  readonly summary: string
  readonly description?: string
  readonly params: TObject
  readonly body?: TSchema
  /** Whether a request without a body is one with an empty one. */
  readonly isBodyOptional?: true
  readonly querystring?: TSchema
  readonly result: TSchema
}

/** A request to such a route, held to its schemas. */
type CatalogCall<Route extends CatalogRoute> = {
  readonly params: Static<Route['params']>
  readonly body: Route extends { readonly body: infer Body extends TSchema } ? Static<Body> : undefined
  readonly query: Route extends { readonly querystring: infer Query extends TSchema } ? Static<Query> : undefined
  readonly identity: Identity
  /** The catalog that the path names, as whoever asks may use it. */
  open(): Promise<OpenedCatalog>
  /** Aborts when time is up or the client has gone. */
  readonly signal: AbortSignal
}

/**
 * A route below one catalog: refuses fields of a body that its schema does not name, ends in time, and answers in the envelope.
 */
export function catalogRoute<const Route extends CatalogRoute>(
  server: ApiServer,
  { findCatalog, inTime }: CatalogRouteDeps,
  route: Route,
  answer: (call: CatalogCall<Route>) => Promise<Static<Route['result']>>,
): void {
  const { method, url, summary, description, params, body, isBodyOptional, querystring, result } = route
  server.route({
    method,
    url,
    schema: {
      tags: ['catalogs'],
      summary,
      ...(description !== undefined && { description }),
      params,
      ...(body && { body }),
      ...(querystring && { querystring }),
      response: answers(result),
    },
    ...(isBodyOptional && {
      preValidation: async (request: FastifyRequest) => {
        if (request.body === undefined) request.body = {}
      },
    }),
    handler: (request: FastifyRequest, reply) =>
      inTime(request, reply, async (signal) => {
        if (body !== undefined) refuseUnknownFields(request.body, body, REQUEST)
        const { catalog: name } = request.params as { readonly catalog: string }
        const identity = identityOf(request)
        const open = async () => openedFor(identity, await findCatalog(name, signal))
        // Fastify has held each part to its schema.
        const call = { params: request.params, body: request.body, query: request.query, identity, open, signal }
        return success(await answer(call as CatalogCall<Route>))
      }),
  })
}

function openedFor(identity: Identity, opened: OpenedCatalog): OpenedCatalog {
  const { catalog, placement: rules, io } = opened
  return { ...opened, catalog: placedCatalog(catalog, { rules, io, identity }) }
}
