import { ERROR_CODES } from '@moraine/api/error-codes'
import type { ErrorEnvelope } from '@moraine/api/rest/envelope'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../../service/log.ts'

/** Answers with a failure in Amoro's envelope; what is no fault of the client is logged. */
export function sendError(error: FastifyError | MoraineError, request: FastifyRequest, reply: FastifyReply, log: Log) {
  const { status, kind, message } = errorBody(error)
  const route = `${request.method} ${request.url}`
  if (status >= 500) log.error({ route, requestId: request.id, failure: describeError(error) }, 'a request failed')
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="moraine"')
  return reply.status(status).send({ message, code: status, kind, requestId: request.id } satisfies ErrorEnvelope)
}

function errorBody(error: FastifyError | MoraineError) {
  if (error instanceof MoraineError) {
    return { status: ERROR_CODES[error.kind].http, kind: error.kind, message: error.message }
  }
  // Fastify's own: a body that is no JSON, a parameter that does not fit its schema, a body too large.
  const status = error.statusCode ?? 500
  return status < 500
    ? { status, kind: 'invalid-input', message: error.message }
    : { status: 500, kind: 'internal', message: 'internal error; the log of the service says more' }
}
