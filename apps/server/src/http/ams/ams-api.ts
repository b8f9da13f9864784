import { ERROR_CODES } from '@moraine/api/error-codes'
import type { ErrorEnvelope } from '@moraine/api/rest/envelope'
import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { Stores } from '@moraine/management/store/stores'
import type { TableInspection } from '@moraine/management/table-work/table-inspection'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../../service/log.ts'
import { catalogRoutes } from './catalog-routes.ts'
import { type CatalogRegistryRoutesDeps, catalogRegistryRoutes } from './catalog-routes-registry.ts'
import { databaseRoutes } from './database-routes.ts'
import { type DefinitionRoutesDeps, definitionRoutes } from './definition-routes.ts'
import { type DroppedRoutesDeps, droppedRoutes } from './dropped-routes.ts'
import { historyRoutes } from './history-routes.ts'
import { partitionRoutes } from './partition-routes.ts'
import { processRoutes } from './process-routes.ts'
import { resourceRoutes } from './resource-routes.ts'
import type { ApiServer } from './route-types.ts'
import { type ServiceFacts, serviceRoutes } from './service-routes.ts'
import { snapshotRoutes } from './snapshot-routes.ts'
import { tableRoutes } from './table-routes.ts'

export type AmsApiDeps = DroppedRoutesDeps &
  CatalogRegistryRoutesDeps &
  DefinitionRoutesDeps & {
    readonly stores: Stores
    readonly listing: CatalogListing
    readonly inspection: TableInspection
    readonly facts: ServiceFacts
    readonly clock: Clock
    readonly log: Log
  }

/**
 * Amoro's routes, and ours beside them: a Fastify plugin for the prefix `/api/ams/v1`. Answers come in Amoro's envelope;
 * a failure has its true HTTP status and the same number as `code`.
 */
export async function amsApi(server: FastifyInstance, deps: AmsApiDeps): Promise<void> {
  server.setErrorHandler((error: FastifyError | MoraineError, request, reply) =>
    sendError(error, request, reply, deps.log),
  )
  server.setNotFoundHandler((request, reply) => {
    const text = `no such route: ${request.method} ${request.url}`
    return sendError(new MoraineError('not-found', text), request, reply, deps.log)
  })
  const api = server as ApiServer
  serviceRoutes(api, deps)
  catalogRoutes(api, deps)
  catalogRegistryRoutes(api, deps)
  databaseRoutes(api, deps)
  definitionRoutes(api, deps)
  droppedRoutes(api, deps)
  tableRoutes(api, deps)
  snapshotRoutes(api, deps)
  partitionRoutes(api, deps)
  historyRoutes(api, deps)
  processRoutes(api, deps)
  resourceRoutes(api, deps)
}

function sendError(error: FastifyError | MoraineError, request: FastifyRequest, reply: FastifyReply, log: Log) {
  const { status, kind, message } = errorBody(error)
  const route = `${request.method} ${request.url}`
  if (status >= 500) log.error({ route, requestId: request.id, failure: describeError(error) }, 'a request failed')
  return reply.status(status).send({ message, code: status, kind, requestId: request.id } satisfies ErrorEnvelope)
}

function errorBody(error: FastifyError | MoraineError) {
  if (error instanceof MoraineError) {
    return { status: ERROR_CODES[error.kind].http, kind: error.kind, message: error.message }
  }
  // Fastify's own: a body that is no JSON, a parameter that does not fit its schema, a body too large.
  const status = error.statusCode ?? 500
  return status < 500
    ? { status, kind: 'invalid-input', message: error.message }
    : { status: 500, kind: 'internal', message: 'internal error; the log of the service says more' }
}
