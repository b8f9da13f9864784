import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import { describeApi } from './describe-api.ts'

/**
 * Describes all routes that are registered after it, from their schemas; served at `/openapi.json`.
 *
 * @param open what whoever asks need not say who they are for
 */
export async function openApi(
  server: FastifyInstance,
  version: string,
  open: (method: string, path: string) => boolean,
): Promise<void> {
  await server.register(swagger, {
    exposeHeadRoutes: true,
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Moraine',
        version,
        description: "Amoro's routes and more beside them. A failure has its true HTTP status and the same `code`.",
      },
    },
  })
  server.get('/openapi.json', { schema: { hide: true } }, async () => describeApi(server.swagger(), open))
}
