import Fastify, { type FastifyInstance } from 'fastify'
import { openAuthenticator } from '../../access/authenticator.ts'
import { type IcebergRestOptions, icebergRest } from '../iceberg-rest.ts'

/** A server of the REST catalog alone, without a port: nobody has to say who they are unless the options have it so. */
export async function serveIcebergRest(
  options: Omit<IcebergRestOptions, 'authenticator'> &
    Partial<Pick<IcebergRestOptions, 'authenticator'>> & { readonly prefix?: string },
): Promise<FastifyInstance> {
  const server = Fastify({ routerOptions: { maxParamLength: 5000 }, forceCloseConnections: true })
  await server.register(icebergRest, { authenticator: openAuthenticator(), ...options })
  return server
}
