import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'

/** Describes all routes that are registered after it, from their schemas; served at `/openapi.json`. */
export async function openApi(server: FastifyInstance, version: string): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Moraine',
        version,
        description: "Amoro's routes and more beside them. A failure has its true HTTP status and the same `code`.",
      },
    },
  })
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger())
}
