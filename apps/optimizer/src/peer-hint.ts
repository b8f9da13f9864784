import type { Clock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { isUnsent } from '@moraine/thrift/connection'
import { tlsProblemOf } from '@moraine/thrift/tls-problem'
import { httpHint } from './http-hint.ts'
import type { ThriftAddress } from './thrift-address.ts'
import { TLS_REMEDIES, tlsHint } from './tls-hint.ts'

export type Peer = ThriftAddress & {
  /** It, or another one of the same servers, has answered before. */
  readonly hasAnswered: boolean
  readonly clock: Clock
}

/** What to do about a server that is not reached, or does not speak Thrift; `undefined` where the error says all that is known. */
export async function peerHint(error: unknown, peer: Peer, signal: AbortSignal): Promise<string | undefined> {
  const problem = tlsProblemOf(error)
  if (problem !== undefined) {
    return (problem === 'no-tls' ? await httpHint(peer, signal) : undefined) ?? TLS_REMEDIES[problem]
  }
  // It is asked in other ways only while nobody knows in which it speaks: a server tells of who asks it in a wrong one.
  if (peer.hasAnswered) return undefined
  const isOdd = isKind(error, 'corrupt')
  const isCutOff = isKind(error, 'unavailable') && !isUnsent(error)
  const tls = peer.scheme === 'thrift' && (isOdd || isCutOff) ? await tlsHint(peer, signal) : undefined
  return tls ?? (isOdd ? await httpHint(peer, signal) : undefined)
}
