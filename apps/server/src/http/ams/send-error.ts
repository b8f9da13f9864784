import { ERROR_CODES } from '@moraine/api/error-codes'
import type { ErrorEnvelope } from '@moraine/api/rest/envelope'
import { isOutcomeUnknown, MoraineError } from '@moraine/stdx/error'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { retryAfterOf } from '../../access/guess-limits.ts'
import type { FailureLog } from '../../requests/failure-log.ts'
import { whyUnread } from '../../requests/request-body.ts'
import { misfitText } from './misfit-text.ts'

/** Answers with a failure in Amoro's envelope; what is no fault of the client is logged. */
export function sendError(
  error: FastifyError | MoraineError,
  request: FastifyRequest,
  reply: FastifyReply,
  onFailure: FailureLog,
) {
  const { status, kind, message } = errorBody(error, request)
  const route = `${request.method} ${request.url}`
  // Whoever hung up ended it, and is told nothing.
  const isGivenUp = kind === 'aborted' && reply.raw.destroyed
  // What a catalog cannot do is no trouble of the service, whatever the number it is told by.
  if (status >= 500 && kind !== 'unsupported' && !isGivenUp) onFailure({ route, requestId: request.id, error })
  const retryAfter = retryAfterOf(error)
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="moraine"')
  return reply.status(status).send({ message, code: status, kind, requestId: request.id } satisfies ErrorEnvelope)
}

function errorBody(error: FastifyError | MoraineError, request: FastifyRequest) {
  // Whatever kind it is of: programs that act on that would make the change again.
  if (isOutcomeUnknown(error)) return { status: 500, kind: 'outcome-unknown', message: error.message }
  if (error instanceof MoraineError) {
    const status = retryAfterOf(error) === undefined ? ERROR_CODES[error.kind].http : 429
    return { status, kind: error.kind, message: error.message }
  }
  // Fastify's own: a body that is no JSON, a parameter that does not fit its schema, a body too large.
  const status = error.statusCode ?? 500
  if (status === 415) return { status, kind: 'invalid-input', message: whyUnread(request) }
  return status < 500
    ? { status, kind: 'invalid-input', message: misfitText(error) }
    : { status: 500, kind: 'internal', message: 'internal error; the log of the service says more' }
}
