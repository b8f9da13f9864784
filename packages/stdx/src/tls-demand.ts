import { MoraineError } from './error.ts'

/** What a connection to a database asks of TLS. `verified`: the certificate is one that is trusted, and of that host. */
export type TlsDemand = 'off' | 'unverified' | 'verified'

/**
 * The many words of JDBC drivers for three cases; names and words in any case. What is read is never laxer than the driver
 * that the word is of (pgjdbc, "Configuring the Client"; MySQL Connector/J, "sslMode"; MariaDB Connector/J, "sslMode"):
 *
 * - `sslmode`, `sslMode`: `disable`, and what tries TLS and goes on without it (`allow`, `prefer`), guarantees nothing and is
 *   `off`; `require` and `trust` are `unverified`; `verify-ca`, `verify-full`, `verify-identity` are `verified`. Beside it the
 *   words below count for nothing, as in Connector/J.
 * - `ssl`, `useSSL`, `requireSSL`, `verifyServerCertificate`: any of them demands TLS, and a certificate that is verified.
 *   Only `verifyServerCertificate=false` beside `useSSL` or `requireSSL`, and without `ssl`, takes that back.
 *
 * Of what is given twice the stricter counts.
 *
 * @param what for the message: what has the parameters
 * @throws {MoraineError} `invalid-input` for another word: taken for no it would send a password in the clear
 */
export function tlsDemand(parameters: Iterable<readonly [string, string]>, what: string): TlsDemand {
  const all = [...parameters]
  const given = (name: string) => all.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value.trim())
  const modes = given('sslmode').filter((mode) => mode !== '')
  if (modes.length > 0) return strictest(modes.map((mode) => demandOfMode(mode, what)))
  const says = (name: string) => given(name.toLowerCase()).map((word) => isYes(name, word, what))
  const [ssl, useSsl, requireSsl, verifies] = [
    says('ssl'),
    says('useSSL'),
    says('requireSSL'),
    says('verifyServerCertificate'),
  ]
  if (ssl.includes(true) || verifies.includes(true)) return 'verified'
  if (!useSsl.includes(true) && !requireSsl.includes(true)) return 'off'
  return verifies.includes(false) ? 'unverified' : 'verified'
}

function demandOfMode(mode: string, what: string): TlsDemand {
  const demand = MODES.get(mode.toLowerCase().replaceAll('_', '-'))
  if (demand !== undefined) return demand
  throw new MoraineError(
    'invalid-input',
    `${what}: TLS mode "${mode}" is not known; use disable, require or verify-full`,
  )
}

const MODES: ReadonlyMap<string, TlsDemand> = new Map([
  ['disable', 'off'],
  ['disabled', 'off'],
  ['allow', 'off'],
  ['prefer', 'off'],
  ['preferred', 'off'],
  ['require', 'unverified'],
  ['required', 'unverified'],
  ['trust', 'unverified'],
  ['verify-ca', 'verified'],
  ['verify-full', 'verified'],
  ['verify-identity', 'verified'],
])

const ORDER: readonly TlsDemand[] = ['verified', 'unverified', 'off']

function strictest(demands: readonly TlsDemand[]): TlsDemand {
  return ORDER.find((each) => demands.includes(each)) ?? 'off'
}

/** A name without a value says yes. */
function isYes(name: string, word: string, what: string): boolean {
  if (/^(true|1|yes|on)?$/i.test(word)) return true
  if (/^(false|0|no|off)$/i.test(word)) return false
  throw new MoraineError('invalid-input', `${what}: ${name} is "${word}"; set it to true or false`)
}
