import type { FastifyInstance } from 'fastify'

/** `GET /`, for whoever opens the service's address: what answers here, and where its parts are. */
export function rootRoute(server: FastifyInstance, version: string): void {
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
  server.get('/', { schema: { hide: true } }, async () => body)
}
