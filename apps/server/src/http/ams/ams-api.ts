import type { CatalogListing } from '@moraine/management/catalogs/catalog-listing'
import type { Stores } from '@moraine/management/store/stores'
import type { TableInspection } from '@moraine/management/table-work/table-inspection'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { Log } from '../../service/log.ts'
import { catalogRoutes } from './catalog-routes.ts'
import { type CatalogRegistryRoutesDeps, catalogRegistryRoutes } from './catalog-routes-registry.ts'
import { databaseRoutes } from './database-routes.ts'
import { type DefinitionRoutesDeps, definitionRoutes } from './definition-routes.ts'
import { type DroppedRoutesDeps, droppedRoutes } from './dropped-routes.ts'
import { historyRoutes } from './history-routes.ts'
import { metricsReportRoutes } from './metrics-report-routes.ts'
import { partitionRoutes } from './partition-routes.ts'
import { type PrincipalRoutesDeps, principalRoutes } from './principal-routes.ts'
import { processRoutes } from './process-routes.ts'
import { resourceRoutes } from './resource-routes.ts'
import type { ApiServer } from './route-types.ts'
import { sendError } from './send-error.ts'
import { type ServiceFacts, serviceRoutes } from './service-routes.ts'
import { snapshotRoutes } from './snapshot-routes.ts'
import { tableRoutes } from './table-routes.ts'

export type AmsApiDeps = DroppedRoutesDeps &
  CatalogRegistryRoutesDeps &
  DefinitionRoutesDeps &
  PrincipalRoutesDeps & {
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
  metricsReportRoutes(api, deps)
  processRoutes(api, deps)
  resourceRoutes(api, deps)
  principalRoutes(api, deps)
}
