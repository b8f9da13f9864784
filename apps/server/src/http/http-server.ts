import type { Catalog } from '@moraine/catalogs/catalog'
import Fastify, { type FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { icebergRest } from '../iceberg-rest/iceberg-rest.ts'
import type { IcebergRestHooks } from '../iceberg-rest/iceberg-rest-hooks.ts'
import type { Service } from '../service/service.ts'
import { type TableRoutesDeps, tableRoutes } from './table-routes.ts'

export type HttpServerOptions = TableRoutesDeps & {
  readonly host: string
  readonly port: number
  readonly catalogs: (warehouse: string) => Promise<Catalog | undefined>
  readonly hooks: IcebergRestHooks
  /** What each reconciler did last, for `/health`. */
  readonly lastRuns: () => object
}

export type HttpServer = Service & {
  /** With the port that was really taken; after the start. */
  url(): string
}

/** Serves the API, the Iceberg REST catalog, metrics and health on one port. */
export function httpServer(options: HttpServerOptions): HttpServer {
  const server = Fastify({ routerOptions: { maxParamLength: 2048 }, logger: false })
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  addHealth(server, options)
  server.get('/metrics', async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()))
  server.register(tableRoutes, { prefix: '/api/ams/v1', ...options })
  server.register(icebergRest, { prefix: '/api/iceberg/rest', catalogs: options.catalogs, ...options.hooks })
  let url = ''
  return {
    name: 'http',
    url: () => url,
    async start() {
      url = await server.listen({ host: options.host, port: options.port })
    },
    stop: () => server.close(),
  }
}

function addHealth(server: FastifyInstance, { lastRuns }: HttpServerOptions): void {
  server.get('/health', async () => ({ status: 'UP', reconcilers: lastRuns() }))
  server.get('/api/ams/v1/health/status', async () => ({ message: 'success', code: 200, result: null }))
}
