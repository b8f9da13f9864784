import { must } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV4 } from '@moraine/stdx/random'
import { type ThriftClient, thriftClient } from '@moraine/thrift/client'
import { type CallOptions, isUnsent, type SaslCredentials, ThriftConnection } from '@moraine/thrift/connection'
import { isAnswered } from './hive-failure.ts'
import type { HiveSettings } from './hive-settings.ts'
import { hiveMetastore } from './metastore-thrift.ts'

export type MetastoreClient = ThriftClient<typeof hiveMetastore.methods>
export type MetastoreCall<T> = (client: MetastoreClient, options: CallOptions) => Promise<T>

/**
 * A metastore behind a few connections, each with one call at a time, since a metastore answers the calls of a connection
 * one after another. An address that cannot be reached is passed over for the next one, for every kind of call.
 *
 * @throws {MoraineError} as `ThriftConnection.call`, and what a call declares
 */
export type Metastore = {
  /** For what may be done twice: made once more if its connection is lost. */
  readonly repeatable: <T>(call: MetastoreCall<T>, options?: MetastoreOptions) => Promise<T>
  /** For what may not: a lost connection leaves its fate unknown, unless `isUnsent` holds for the error. */
  readonly once: <T>(call: MetastoreCall<T>, options?: MetastoreOptions) => Promise<T>
  readonly close: () => Promise<void>
}

export type MetastoreOptions = {
  readonly signal?: AbortSignal | undefined
  /** Does not wait for a connection, but opens one more. */
  readonly isUrgent?: boolean
}

export function openMetastore(
  settings: Pick<HiveSettings, 'endpoints' | 'useTls' | 'sasl' | 'clients' | 'callTimeoutMs'>,
  clock: Clock,
  random: Random,
): Metastore {
  const { endpoints } = settings
  const sessions = sessionPool(settings.clients, clock, () => openSession(settings, clock, random))
  // The last that answered: who comes next need not find out again which are down.
  let preferred = 0

  const once = async <T>(call: MetastoreCall<T>, { signal, isUrgent = false }: MetastoreOptions = {}): Promise<T> => {
    const session = await sessions.take(signal, isUrgent)
    // Of a call that was given up the answer is still to come, and the next call would wait for it.
    let isFree = false
    try {
      let unreached: unknown
      for (let turn = 0; turn < endpoints.length; turn += 1) {
        const at = (preferred + turn) % endpoints.length
        try {
          const result = await call(session.client(at), { signal })
          preferred = at
          isFree = true
          return result
        } catch (error) {
          isFree = isAnswered(error)
          if (!isUnsent(error)) throw error
          unreached = error
        }
      }
      if (endpoints.length === 1) throw unreached
      const names = endpoints.map(({ host, port }) => `${host}:${port}`).join(', ')
      const context = { unsent: true }
      const why = describeError(unreached)
      throw new MoraineError('unavailable', `none of the metastores ${names} can be reached; of the last: ${why}`, {
        cause: unreached,
        context,
      })
    } finally {
      sessions.giveBack(session, isFree)
    }
  }
  return {
    once,
    async repeatable(call, options) {
      try {
        return await once(call, options)
      } catch (error) {
        if (!isKind(error, 'unavailable') || isUnsent(error)) throw error
        return once(call, options)
      }
    },
    close: () => sessions.close(),
  }
}

/** One connection at a time, to whatever address it was last asked for. */
type Session = { client(endpoint: number): MetastoreClient; close(): Promise<void>; usedAtMs: number }

function openSession(settings: Parameters<typeof openMetastore>[0], clock: Clock, random: Random): Session {
  let current:
    | {
        endpoint: number
        connection: ThriftConnection
        client: MetastoreClient
      }
    | undefined
  return {
    usedAtMs: clock.monotonicMs(),
    client(endpoint) {
      if (current?.endpoint !== endpoint) {
        void current?.connection.close()
        const connection = connectionTo(settings, endpoint, { clock, random })
        current = {
          endpoint,
          connection,
          client: thriftClient(hiveMetastore, connection, { isMultiplexed: false }),
        }
      }
      return current.client
    },
    close: async () => current?.connection.close(),
  }
}

function connectionTo(
  settings: Parameters<typeof openMetastore>[0],
  endpoint: number,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): ThriftConnection {
  const { host, port } = must(settings.endpoints[endpoint], 'endpoint')
  return new ThriftConnection({
    host,
    port,
    clock,
    transport: 'unframed',
    callTimeoutMs: settings.callTimeoutMs,
    connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, settings.callTimeoutMs),
    letsProcessEnd: true,
    ...(settings.useTls ? { tls: {} } : {}),
    ...(settings.sasl === undefined ? {} : { sasl: credentialsOf(settings.sasl, random) }),
  })
}

/** By a token as Hadoop's servers take it, which all go by the same name. */
function credentialsOf(sasl: NonNullable<HiveSettings['sasl']>, random: Random): SaslCredentials {
  if (!('token' in sasl)) return sasl
  const { user, password, owner, lastsUntil } = sasl.token
  const whom = `the delegation token of ${owner}, which lasts until ${lastsUntil.toISOString()} if it is renewed`
  return { mechanism: 'DIGEST-MD5', user, password, service: 'null/default', whom, nonce: () => uuidV4(random) }
}

const CONNECT_TIMEOUT_MS = 10_000
/** What lies unused for longer may have been forgotten by something on the way, and would cost a commit its answer. */
const UNUSED_MS_MAX = 60_000

type SessionPool = {
  take(signal: AbortSignal | undefined, isUrgent: boolean): Promise<Session>
  giveBack(session: Session, isFree: boolean): void
  close(): Promise<void>
}

function sessionPool(size: number, clock: Clock, open: () => Session): SessionPool {
  const all = new Set<Session>()
  const idle: Session[] = []
  const waiting: ((session: Session) => void)[] = []
  const add = () => {
    const session = open()
    all.add(session)
    return session
  }
  const discard = (session: Session) => {
    all.delete(session)
    void session.close()
  }
  return {
    async take(signal, isUrgent) {
      signal?.throwIfAborted()
      // The last one given back first: it is the least likely to have been forgotten by the other side.
      for (let session = idle.pop(); session !== undefined; session = idle.pop()) {
        if (clock.monotonicMs() - session.usedAtMs <= UNUSED_MS_MAX) return session
        discard(session)
      }
      if (all.size < size || isUrgent) return add()
      return new Promise((resolve, reject) => {
        const turn = (session: Session) => {
          signal?.removeEventListener('abort', leave)
          resolve(session)
        }
        const leave = () => {
          waiting.splice(waiting.indexOf(turn), 1)
          reject(signal?.reason as Error)
        }
        signal?.addEventListener('abort', leave, { once: true })
        waiting.push(turn)
      })
    },
    giveBack(session, isFree) {
      session.usedAtMs = clock.monotonicMs()
      const next = waiting.shift()
      if (!isFree || (next === undefined && all.size > size)) discard(session)
      if (next !== undefined) next(isFree ? session : add())
      else if (all.has(session)) idle.push(session)
    },
    async close() {
      await Promise.all([...all].map((session) => session.close()))
    },
  }
}
