import { connect } from 'node:tls'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import type { TlsProblem } from '@moraine/thrift/tls-problem'
import type { ThriftAddress } from './thrift-address.ts'

/** What to do about it. */
export const TLS_REMEDIES = {
  untrusted: 'name the PEM file of who issued it with --ca-file',
  'other-host': 'write a name in --url that it is for, or have one issued for this one',
  expired: 'renew it on the server, which takes it up by itself',
  'not-yet-valid': 'compare the clocks of both machines',
  'no-tls': 'if the service has no TLS write thrift:// in --url',
  'broken-off': 'if the service has no TLS write thrift:// in --url; else its log says why',
} as const satisfies Record<TlsProblem, string>

const WITHIN_MS = 3000

/** If what listens there speaks TLS, with whatever certificate, what to write instead; `undefined` if it does not. */
export async function tlsHint(
  { host, port, clock }: Omit<ThriftAddress, 'scheme'> & { readonly clock: Clock },
  signal: AbortSignal,
): Promise<string | undefined> {
  const limit = { ms: WITHIN_MS, what: `TLS with ${host}:${port}`, signal }
  // Nothing is sent and nothing is believed: the certificate does not matter.
  const socket = connect({ host, port, rejectUnauthorized: false })
  try {
    await withinDeadline(clock, limit, () => {
      return new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
    })
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
  return `port ${port} speaks TLS: write thrifts:// in --url, and if its certificate is not one that is trusted everywhere add --ca-file`
}
