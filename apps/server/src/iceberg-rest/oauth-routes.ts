import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ACCESS_TOKEN_SECONDS } from '../access/access-tokens.ts'
import { type Authenticator, parseBasic } from '../access/authenticator.ts'
import { retryAfterOf } from '../access/guess-limits.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

/**
 * The token endpoint, `/v1/oauth/tokens` (REST catalog OpenAPI, `getToken`): client credentials (RFC 6749, 4.4), in the
 * form or by Basic, and the exchange of a token for a fresh one (RFC 8693), by which Iceberg's clients renew theirs. A
 * client whose token has expired proves itself by Basic.
 */
export function oauthRoutes(server: FastifyInstance, authenticator: Authenticator): void {
  server.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 64 * 1024 },
    async (_: FastifyRequest, text: string) => new URLSearchParams(text),
  )
  server.post('/v1/oauth/tokens', { schema: { hide: true } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    try {
      const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams()
      const token = await tokenFor(form, request.headers.authorization, from(authenticator, request.ip))
      const scope = form.get('scope')
      return {
        access_token: token,
        token_type: 'bearer',
        expires_in: ACCESS_TOKEN_SECONDS,
        issued_token_type: ACCESS_TOKEN,
        ...(scope !== null && { scope }),
      }
    } catch (error) {
      return sendOAuthError(reply, error)
    }
  })
}

async function tokenFor(form: URLSearchParams, authorization: string | undefined, exchange: Exchange): Promise<string> {
  const grant = form.get('grant_type')
  const basic = /^basic +(\S+)/i.exec(authorization ?? '')?.[1]
  if (grant === TOKEN_EXCHANGE) {
    if (basic !== undefined) return exchange.secret(parseBasic(basic))
    return exchange.token(field(form, 'subject_token'))
  }
  if (grant !== 'client_credentials') throw refusal('unsupported_grant_type', `grant_type is ${JSON.stringify(grant)}`)
  if (basic !== undefined) return exchange.secret(parseBasic(basic))
  return exchange.secret({ id: field(form, 'client_id'), secret: field(form, 'client_secret') })
}

/** As whoever sends a request from this address may use it. */
function from({ exchange, renew }: Authenticator, source: string): Exchange {
  return {
    secret: ({ id, secret }) => exchange(id, secret, source),
    token: (token) => renew(token, source),
  }
}

type Exchange = {
  secret(credential: ReturnType<typeof parseBasic>): Promise<string>
  token(token: string): Promise<string>
}

function field(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value === null || value === '') throw refusal('invalid_request', `the form has no ${name}`)
  return value
}

function refusal(error: string, message: string): MoraineError {
  return new MoraineError('invalid-input', message, { context: { oauth: error } })
}

/** In OAuth's own form (RFC 6749, 5.2); what is no fault of the client goes to the error handler. */
function sendOAuthError(reply: FastifyReply, error: unknown): FastifyReply {
  const send = (status: number, code: string) =>
    reply.code(status).send({ error: code, error_description: describeError(error) })
  const retryAfter = retryAfterOf(error)
  // RFC 6749 has no word for it; RFC 8628 has.
  if (retryAfter !== undefined) {
    reply.header('retry-after', retryAfter)
    return send(429, 'slow_down')
  }
  if (isKind(error, 'unauthenticated')) return send(401, 'invalid_client')
  if (isKind(error, 'invalid-input')) return send(400, String(error.context['oauth'] ?? 'invalid_request'))
  throw error
}
