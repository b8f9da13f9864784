import { isUtf8 } from 'node:buffer'
import { MoraineError } from '@moraine/stdx/error'
import type { FastifyRequest } from 'fastify'

/**
 * The text of a request's body. What is no UTF-8 is refused, for Node would put U+FFFD where it is none, and names would be
 * others than were sent.
 *
 * @throws {MoraineError} `invalid-input`
 */
export function textOfBody(body: Buffer): string {
  if (isUtf8(body)) return body.toString('utf8')
  throw new MoraineError('invalid-input', 'the request body is not UTF-8', { context: { entity: 'request' } })
}

/** Why a body is not read, and what would be: the message of a 415. */
export function whyUnread({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const sent = headers['content-type']
  const what =
    sent === undefined ? 'the request does not say of what type its body is' : `bodies of type ${sent} are not read`
  return `${what}; send JSON with the header content-type: application/json`
}
