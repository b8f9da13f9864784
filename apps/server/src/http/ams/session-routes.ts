import { currentSession, loginBody, type SessionBody, session } from '@moraine/api/rest/session-schemas'
import { privilegesOf, type Role } from '@moraine/management/access/grant'
import type { Clock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { Type } from 'typebox'
import type { Authenticator } from '../../access/authenticator.ts'
import type { Identity } from '../../access/identity.ts'
import { checkOfDashboard, clearSession, setSession } from '../session-cookie.ts'
import { type ApiServer, answers, success } from './route-types.ts'

export type SessionRoutesDeps = { readonly authenticator: Authenticator; readonly clock: Clock }

/** How a person signs in by a browser; Amoro's routes. */
export function sessionRoutes(server: ApiServer, { authenticator, clock }: SessionRoutesDeps): void {
  const tags = ['session']
  server.post(
    '/login',
    { schema: { tags, summary: 'Sign in, for a browser', body: loginBody, response: answers(session) } },
    async (request, reply) => {
      checkOfDashboard(request)
      const { user, password } = request.body
      const token = await authenticator.exchange(user, password, request.ip)
      const identity = await authenticator.identify(`Bearer ${token}`, request.ip)
      setSession(request, reply, token)
      return success(sessionBody(identity, clock))
    },
  )
  server.get(
    '/login/current',
    { schema: { tags, summary: 'Who is signed in', response: answers(currentSession) } },
    async ({ headers, ip }) => {
      try {
        return success(sessionBody(await authenticator.identify(headers.authorization, ip), clock))
      } catch (error) {
        if (isKind(error, 'unauthenticated')) return success(null)
        throw error
      }
    },
  )
  server.post(
    '/logout',
    { schema: { tags, summary: 'Sign out', response: answers(Type.String()) } },
    async (request, reply) => {
      checkOfDashboard(request)
      clearSession(request, reply)
      return success('')
    },
  )
}

function sessionBody({ name, grants }: Identity, clock: Clock): SessionBody {
  const roles = [...new Set(grants.map(({ role }) => role))].sort(
    (a, b) => privilegesOf(b).length - privilegesOf(a).length,
  )
  const privileges = new Set(roles.flatMap(privilegesOf))
  const words = roles.map(amoroRole)
  return {
    userName: name,
    loginTime: String(clock.now()),
    roles: words,
    privileges: [...privileges].map((privilege) => privilege.toUpperCase().replaceAll('-', '_')),
    role: words[0] ?? '',
  }
}

function amoroRole(role: Role): string {
  return role === 'admin' ? 'SERVICE_ADMIN' : role.toUpperCase()
}
