import type { FastifyInstance } from 'fastify'
import type { Dashboard } from './dashboard.ts'

/** `GET /`, for whoever opens the service's address: the dashboard for a browser; else what answers here, and where its parts are. */
export function rootRoute(server: FastifyInstance, version: string, pages: Dashboard | undefined): void {
  const body = {
    name: 'Moraine',
    version,
    health: '/health',
    metrics: '/metrics',
    openapi: '/openapi.json',
    tables: '/api/ams/v1/moraine/tables',
    icebergRestCatalog: '/api/iceberg/rest',
    documentation: 'README.md and docs/, beside the program',
  }
  server.get('/', { schema: { hide: true } }, async (request, reply) =>
    pages?.isPageRequest(request) ? pages.sendPage(reply) : body,
  )
}
