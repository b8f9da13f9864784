import { MoraineError } from '@moraine/stdx/error'
import type { FastifyReply } from 'fastify'

/**
 * Aborts when the connection closes before the answer is sent. Fastify's `request.signal` will not do: it aborts as soon as the
 * request has been read, too.
 */
export function goneSignal({ raw }: Pick<FastifyReply, 'raw'>): AbortSignal {
  const gone = new AbortController()
  const look = () => {
    if (!raw.writableFinished) gone.abort(new MoraineError('aborted', 'the client has gone'))
  }
  if (raw.destroyed) look()
  else raw.once('close', look)
  return gone.signal
}
