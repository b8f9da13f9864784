import { must } from '@moraine/stdx/assert'
import type { Clock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { isUnsent, ThriftConnection } from '@moraine/thrift/connection'
import { tlsProblemOf } from '@moraine/thrift/tls-problem'
import { formatThriftAddress, type ThriftAddress } from './thrift-address.ts'

/** A connection to whichever of several servers leads: the others do not listen. */
export type AnyServer = Pick<ThriftConnection, 'call' | 'close'> & {
  /** The server that is called now. */
  current(): ThriftAddress
  /** Whether one of them ever has: then all speak as they should, with TLS or without. */
  hasAnswered(): boolean
  /** More that may lead some day; those that are not with TLS as the first ones are, or are not, do not count. */
  learn(addresses: readonly ThriftAddress[]): void
}

export type AnyServerOptions = {
  readonly clock: Clock
  /** Who has to have issued the certificates of servers with TLS, as PEM; by default one that Node trusts. */
  readonly trusted?: string | undefined
}

/** More than anybody runs: what is told beyond is not remembered. */
const SERVERS_MAX = 100

/**
 * Calls the server that answered last. Where nothing can be sent the next is tried at once. A call that was lost on its way
 * is not made again here, as with one connection; the next goes to another server.
 */
export function anyServer(
  first: readonly [ThriftAddress, ...ThriftAddress[]],
  { clock, trusted }: AnyServerOptions,
): AnyServer {
  const servers: ThriftAddress[] = []
  const connections = new Map<string, ThriftConnection>()
  const { scheme } = first[0]
  const tls = scheme === 'thrift' ? {} : { tls: trusted === undefined ? {} : { ca: trusted } }
  let at = 0
  let hasAnswered = false
  const learn = (addresses: readonly ThriftAddress[]) => {
    for (const address of addresses) {
      // A secret is shown to servers: none may lure it into the clear.
      if (address.scheme !== scheme) continue
      const key = formatThriftAddress(address)
      if (connections.has(key) || servers.length >= SERVERS_MAX) continue
      servers.push(address)
      connections.set(key, new ThriftConnection({ ...address, ...tls, clock, connectTimeoutMs: CONNECT_WITHIN_MS }))
    }
  }
  const current = () => servers[at] ?? first[0]
  const connection = () => must(connections.get(formatThriftAddress(current())), 'a connection of each server')
  const leave = (failed: ThriftAddress) => {
    if (current() === failed) at = (at + 1) % servers.length
  }
  learn(first)
  return {
    current,
    hasAnswered: () => hasAnswered,
    learn,
    async call(name, body, options) {
      // Those that do not lead do not listen: that one of them is not there says less.
      let refusedTls: unknown
      for (let tries = 1; ; tries += 1) {
        const server = current()
        try {
          const answer = await connection().call(name, body, options)
          hasAnswered = true
          return answer
        } catch (error) {
          if (isKind(error, 'unavailable') || isKind(error, 'timeout')) leave(server)
          if (tlsProblemOf(error) !== undefined) refusedTls ??= error
          if (!isUnsent(error)) throw error
          if (tries >= servers.length) throw refusedTls ?? error
        }
      }
    },
    async close() {
      for (const each of connections.values()) await each.close()
    },
  }
}

/** A machine that is gone does not even refuse. */
const CONNECT_WITHIN_MS = 5000
