import { isKind } from '@moraine/stdx/error'

/**
 * Why there is no TLS with a server, where that is known:
 *
 * - `untrusted`, `other-host`, `expired`, `not-yet-valid`: its certificate, which was not taken
 * - `no-tls`: it answers in something else
 * - `broken-off`: it ended the handshake, as a server does that speaks no TLS
 */
export type TlsProblem = 'untrusted' | 'other-host' | 'expired' | 'not-yet-valid' | 'no-tls' | 'broken-off'

const MEANING = {
  untrusted: 'its certificate is not trusted',
  'other-host': 'its certificate is not for that name',
  expired: 'its certificate has expired',
  'not-yet-valid': 'its certificate is not valid yet',
  'no-tls': 'it answers, but not in TLS',
  'broken-off': 'it ended the TLS handshake',
} as const satisfies Record<TlsProblem, string>

/** The codes of Node and OpenSSL. */
const PROBLEMS: ReadonlyMap<unknown, TlsProblem> = new Map([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'untrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'untrusted'],
  ['CERT_SIGNATURE_FAILURE', 'untrusted'],
  ['CERT_UNTRUSTED', 'untrusted'],
  ['INVALID_CA', 'untrusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'other-host'],
  ['CERT_HAS_EXPIRED', 'expired'],
  ['CERT_NOT_YET_VALID', 'not-yet-valid'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'no-tls'],
  ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'no-tls'],
  ['ECONNRESET', 'broken-off'],
  ['EPIPE', 'broken-off'],
])

/** What a failed handshake means, and how to say it; `undefined` if it says nothing of TLS. */
export function readTlsProblem(cause: unknown): { readonly problem: TlsProblem; readonly text: string } | undefined {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const problem = PROBLEMS.get(code)
  if (problem === undefined) return undefined
  return { problem, text: `${MEANING[problem]} (${namesIn(cause) ?? String(code)})` }
}

/** Of a call that failed because there is no TLS with the server; nothing of it was sent. */
export function tlsProblemOf(error: unknown): TlsProblem | undefined {
  if (!isKind(error, 'unavailable')) return undefined
  return Object.keys(MEANING).find((each): each is TlsProblem => each === error.context['tls'])
}

/** Whom a certificate is for, which Node adds where that is what is wrong with it. */
function namesIn(cause: unknown): string | undefined {
  if (!(cause instanceof Error && 'cert' in cause)) return undefined
  const { cert } = cause
  const isNamed = typeof cert === 'object' && cert !== null && 'subjectaltname' in cert
  return isNamed ? `it is for ${String(cert.subjectaltname)}` : undefined
}
