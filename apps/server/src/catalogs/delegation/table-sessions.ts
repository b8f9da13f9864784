import type { RoleSession, SessionCredentials } from '@moraine/catalogs/aws/assume-role'
import type { Clock } from '@moraine/stdx/clock'
import { type WeighedCache, weighedCache } from '@moraine/stdx/weighed-cache'

/** Sessions of a role, each for one policy and one principal. */
export type TableSessions = (session: RoleSession) => Promise<SessionCredentials>

/**
 * Holds sessions until some minutes before their end, so that whoever is given one has the time to use it and to ask for
 * the next. Whoever asks while STS is being asked for the same waits for the same answer.
 */
export function tableSessions(assume: TableSessions, clock: Pick<Clock, 'now'>): TableSessions {
  const held: WeighedCache<SessionCredentials> = weighedCache(SESSIONS_MAX, () => 1)
  const asking = new Map<string, Promise<SessionCredentials>>()
  return (session) => {
    const key = JSON.stringify([session.sessionName, session.policy])
    const known = held.find(key)
    if (known !== undefined && clock.now() < known.expiration.getTime() - MARGIN_MS) return Promise.resolve(known)
    const underWay = asking.get(key)
    if (underWay !== undefined) return underWay
    const asked = assume(session)
      .then((credentials) => {
        held.keep(key, credentials)
        return credentials
      })
      .finally(() => asking.delete(key))
    asking.set(key, asked)
    return asked
  }
}

/** A kilobyte or two each. */
const SESSIONS_MAX = 10_000

/** Java's client asks for new credentials when its own have five minutes left: by then it has to get others. */
const MARGIN_MS = 10 * 60_000
