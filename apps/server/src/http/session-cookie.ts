import cookies from '@fastify/cookie'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { decodeJwt } from 'jose'
import { ACCESS_TOKEN_SECONDS } from '../access/access-tokens.ts'
import type { Authenticator } from '../access/authenticator.ts'

const NAME = 'moraine_session'

/** What a request of the dashboard has and no other site's page can send, and so its cookie counts. */
const SOURCE = 'x-request-source'

/** A session that is in use does not end: from this age on its token is exchanged for a new one. */
const RENEWED_AFTER_MS = 10 * 60_000

export type SessionDeps = { readonly authenticator: Pick<Authenticator, 'renew'>; readonly clock: Pick<Clock, 'now'> }

/**
 * Who signed in by a browser is known by a cookie, which holds a token as others send it in `Authorization`. No script can
 * read it, no other site has it sent, and without the header of our own pages it does not count.
 */
export async function sessionCookies(server: FastifyInstance, { authenticator, clock }: SessionDeps): Promise<void> {
  await server.register(cookies)
  server.addHook('onRequest', async (request, reply) => {
    const token = request.cookies[NAME]
    if (token === undefined || request.headers.authorization !== undefined || !isOfDashboard(request)) return
    request.headers.authorization = `Bearer ${token}`
    if (clock.now() - issuedAt(token) < RENEWED_AFTER_MS) return
    // Whoever is not let in with it is told so where the request is looked at.
    const renewed = await authenticator.renew(token, request.ip).catch(() => undefined)
    if (renewed !== undefined) setSession(request, reply, renewed)
  })
}

/** As the token says, which nobody has looked at yet. */
function issuedAt(token: string): number {
  try {
    return (decodeJwt(token).iat ?? 0) * 1000
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** @throws {MoraineError} `permission` for a request that another site's page could have sent */
export function checkOfDashboard(request: FastifyRequest): void {
  if (isOfDashboard(request)) return
  throw new MoraineError('permission', `sessions are for browsers: send the header ${SOURCE}: Web, or a bearer token`)
}

export function setSession(request: FastifyRequest, reply: FastifyReply, token: string): void {
  reply.setCookie(NAME, token, { ...attributes(request), maxAge: ACCESS_TOKEN_SECONDS })
}

export function clearSession(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(NAME, attributes(request))
}

function isOfDashboard({ headers }: FastifyRequest): boolean {
  return String(headers[SOURCE] ?? '').toLowerCase() === 'web'
}

function attributes({ protocol }: FastifyRequest) {
  return { path: '/api', httpOnly: true, sameSite: 'strict', secure: protocol === 'https' } as const
}
