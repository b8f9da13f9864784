import { MoraineError } from '@moraine/stdx/error'
import type { FastifyInstance } from 'fastify'
import { parseNudges } from '../nudges/nudge-json.ts'
import { NUDGES_PATH } from '../nudges/nudge-line.ts'
import { type NudgeSeal, SIGNATURE_HEADER } from '../nudges/nudge-seal.ts'
import type { NudgeSwitch } from '../nudges/nudge-switch.ts'

export type NudgeRouteDeps = Pick<NudgeSwitch, 'receive'> & { readonly seal: NudgeSeal }

/** Where the other servers of the database tell the leader what has changed. */
export async function nudgeRoute(server: FastifyInstance, { seal, receive }: NudgeRouteDeps): Promise<void> {
  // The signature is of the text as it was sent.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  server.post<{ Body: string }>(NUDGES_PATH, { schema: { hide: true } }, async ({ body, headers }, reply) => {
    const signature = headers[SIGNATURE_HEADER]
    if (typeof signature !== 'string' || typeof body !== 'string' || !seal.verify(body, signature)) {
      throw new MoraineError('permission', 'this is for servers that share the database and its secret key')
    }
    if (!receive(parseNudges(body))) throw new MoraineError('unavailable', 'this server does not lead')
    return reply.code(204).send()
  })
}
