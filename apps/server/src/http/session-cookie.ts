import cookies from '@fastify/cookie'
import { MoraineError } from '@moraine/stdx/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ACCESS_TOKEN_SECONDS } from '../access/access-tokens.ts'

const NAME = 'moraine_session'

/** What a request of the dashboard has and no other site's page can send, and so its cookie counts. */
const SOURCE = 'x-request-source'

/**
 * Who signed in by a browser is known by a cookie, which holds a token as others send it in `Authorization`. No script can
 * read it, no other site has it sent, and without the header of our own pages it does not count.
 */
export async function sessionCookies(server: FastifyInstance): Promise<void> {
  await server.register(cookies)
  server.addHook('onRequest', async (request) => {
    const token = request.cookies[NAME]
    if (token === undefined || request.headers.authorization !== undefined || !isOfDashboard(request)) return
    request.headers.authorization = `Bearer ${token}`
  })
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
