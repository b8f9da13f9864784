import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { Stores } from '@moraine/management/store/stores'
import type { TableInspection } from '@moraine/management/table-work/table-inspection'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import type { FindOpened } from '../../catalogs/open-catalogs.ts'
import { inTimeBy } from '../../requests/answer-in-time.ts'
import type { FailureLog } from '../../requests/failure-log.ts'
import { allocationRoutes } from './allocation-routes.ts'
import { type CatalogRegistryRoutesDeps, catalogRegistryRoutes } from './catalog-registry-routes.ts'
import { catalogRoutes } from './catalog-routes.ts'
import { type ContainerRoutesDeps, containerRoutes } from './container-routes.ts'
import { databaseRoutes } from './database-routes.ts'
import { definitionRoutes } from './definition-routes.ts'
import { droppedRoutes } from './dropped-routes.ts'
import { type ExplainRouteDeps, explainRoute } from './explain-route.ts'
import { type GroupRoutesDeps, groupRoutes } from './group-routes.ts'
import { historyRoutes } from './history-routes.ts'
import { type HoldRoutesDeps, holdRoutes } from './hold-routes.ts'
import { jsonBodies } from './json-bodies.ts'
import { metricsReportRoutes } from './metrics-report-routes.ts'
import { optimizeRoute } from './optimize-route.ts'
import { type OptimizerRoutesDeps, optimizerRoutes } from './optimizer-routes.ts'
import { partitionRoutes } from './partition-routes.ts'
import { type PrincipalRoutesDeps, principalRoutes } from './principal-routes.ts'
import { processRoutes } from './process-routes.ts'
import { refuseNullValues } from './refuse-null-values.ts'
import { resourceRoutes } from './resource-routes.ts'
import type { ApiServer } from './route-types.ts'
import { sendError } from './send-error.ts'
import { type ServiceFacts, serviceRoutes } from './service-routes.ts'
import { type SessionRoutesDeps, sessionRoutes } from './session-routes.ts'
import { snapshotRoutes } from './snapshot-routes.ts'
import { tableRoutes } from './table-routes.ts'
import { uploadRoutes } from './upload-routes.ts'

export type AmsApiDeps = Omit<CatalogRegistryRoutesDeps, 'inTime'> &
  HoldRoutesDeps &
  Pick<ExplainRouteDeps, 'isWithheld'> &
  GroupRoutesDeps &
  ContainerRoutesDeps &
  OptimizerRoutesDeps &
  SessionRoutesDeps &
  PrincipalRoutesDeps & {
    readonly stores: Stores
    readonly findCatalog: FindOpened
    readonly listing: CatalogListing
    readonly inspection: TableInspection
    readonly facts: ServiceFacts
    readonly clock: Clock
    readonly onFailure: FailureLog
  }

/**
 * Amoro's routes, and ours beside them: a Fastify plugin for the prefix `/api/ams/v1`. Answers come in Amoro's envelope;
 * a failure has its true HTTP status and the same number as `code`. What asks a catalog or a store ends in the time of
 * `ANSWER_LIMITS`; the rest asks the service's own database alone.
 */
export async function amsApi(server: FastifyInstance, options: AmsApiDeps): Promise<void> {
  const deps = { ...options, inTime: inTimeBy(options.clock) }
  server.setErrorHandler((error: FastifyError | MoraineError, request, reply) =>
    sendError(error, request, reply, deps.onFailure),
  )
  server.setNotFoundHandler((request, reply) => {
    const text = `no such route: ${request.method} ${request.url}`
    return sendError(new MoraineError('not-found', text), request, reply, deps.onFailure)
  })
  jsonBodies(server)
  server.addHook('preValidation', async ({ body, routeOptions }) => {
    const schema = routeOptions.schema?.body as TSchema | undefined
    if (schema !== undefined) refuseNullValues(body, schema, { document: 'request body', kind: 'invalid-input' })
  })
  const api = server as ApiServer
  serviceRoutes(api, deps)
  sessionRoutes(api, deps)
  catalogRoutes(api, deps)
  catalogRegistryRoutes(api, deps)
  await server.register(async (scope) => uploadRoutes(scope as ApiServer, deps))
  databaseRoutes(api, deps)
  definitionRoutes(api, deps)
  droppedRoutes(api, deps)
  tableRoutes(api, deps)
  explainRoute(api, deps)
  optimizeRoute(api, deps)
  holdRoutes(api, deps)
  snapshotRoutes(api, deps)
  partitionRoutes(api, deps)
  historyRoutes(api, deps)
  metricsReportRoutes(api, deps)
  processRoutes(api, deps)
  groupRoutes(api, deps)
  containerRoutes(api, deps)
  resourceRoutes(api, deps)
  optimizerRoutes(api, deps)
  allocationRoutes(api, deps)
  principalRoutes(api, deps)
}
