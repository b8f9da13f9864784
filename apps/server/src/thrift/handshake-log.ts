import type { Clock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import type { CallFailure, HandshakeProblem } from '@moraine/thrift/call-failure'
import { SETTINGS } from '../config/settings.ts'
import type { Log } from '../service/log.ts'

/** What to do about it. */
const MESSAGES = {
  'tls-at-plain-port': `a client speaks TLS, and the port for optimizers is without: start it with --url thrift://..., or give the service a certificate (${SETTINGS.thriftCertificateFile.key})`,
  'plain-at-tls-port':
    'a client speaks no TLS, and the port for optimizers is with it: start it with --url thrifts://...; optimizers of Amoro cannot come here',
  'too-slow':
    'a client did not end its TLS handshake in time and was cut off: look what it is, or what holds up the network',
  'broken-off':
    'a client ended its TLS handshake: if it is an optimizer, it says itself what is wrong with the certificate',
  other: 'a TLS handshake with a client failed',
} as const satisfies Record<HandshakeProblem, string>

const AGAIN_AFTER_MS = 60 * 60_000

/** Whoever fails tries again each second: each kind of failure is told once, and with their number once an hour while it lasts. */
export function handshakeLog(clock: Pick<Clock, 'monotonicMs'>, log: Pick<Log, 'warn'>) {
  const told = new Map<HandshakeProblem, { readonly atMs: number; since: number }>()
  return (problem: HandshakeProblem, { peer, error }: Pick<CallFailure, 'peer' | 'error'>): void => {
    const nowMs = clock.monotonicMs()
    const last = told.get(problem)
    if (last !== undefined && nowMs - last.atMs < AGAIN_AFTER_MS) {
      last.since += 1
      return
    }
    told.set(problem, { atMs: nowMs, since: 0 })
    const more = last === undefined ? {} : { others: last.since }
    log.warn({ peer, ...more, failure: describeError(error) }, MESSAGES[problem])
  }
}
