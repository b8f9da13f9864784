import { createHash } from 'node:crypto'
import { MoraineError } from '@moraine/stdx/error'
import type { SaslMechanism } from './sasl.ts'

/** What the mechanism DIGEST-MD5 (RFC 2831) needs; of the password only a hash with both sides' nonces is sent. */
export type DigestCredentials = {
  readonly mechanism: 'DIGEST-MD5'
  readonly user: string
  readonly password: string
  /** The protocol and host that the server goes by, `null/default` at Hadoop's. */
  readonly service: string
  /** Who that is, for messages: a user may be named by what nobody reads. */
  readonly whom: string
  /** What nobody can guess, anew for each negotiation. */
  readonly nonce: () => string
}

/**
 * Signs in without protecting what is sent afterwards (`qop=auth`). The server has to show that it knows the password, too.
 * What a mechanism cannot do throws `unsupported`, what the server says against the protocol `corrupt`, and a server that
 * does not know the password is `permission`.
 */
export function saslDigest(credentials: DigestCredentials): SaslMechanism {
  let expected: string | undefined
  let isProven = false
  const check = (said: Directives) => {
    checkProof(said, expected)
    isProven = true
  }
  return {
    name: credentials.mechanism,
    initial: new Uint8Array(),
    whom: credentials.whom,
    answer(challenge) {
      const asked = directives(challenge)
      // A second challenge is the server's proof, of a server that lets the client have the last word.
      if (asked.has('rspauth')) {
        check(asked)
        return new Uint8Array()
      }
      const { text, proof } = response(asked, credentials)
      expected = proof
      return Buffer.from(text)
    },
    confirm(data) {
      if (expected === undefined) throw new MoraineError('corrupt', 'the server asked for no proof in DIGEST-MD5')
      if (data.length > 0 || !isProven) check(directives(data))
    },
  }
}

type Directives = ReadonlyMap<string, string>

function response(
  asked: Directives,
  credentials: DigestCredentials,
): { readonly text: string; readonly proof: string } {
  const { user, password, service } = credentials
  const nonce = asked.get('nonce')
  if (nonce === undefined) throw new MoraineError('corrupt', 'a challenge of DIGEST-MD5 without a nonce')
  const offered = (asked.get('qop') ?? 'auth').split(',').map((each) => each.trim())
  if (!offered.includes('auth')) {
    throw new MoraineError(
      'unsupported',
      `the server wants what is sent to be protected by SASL (${offered.join(', ')}), which is not supported; let it offer qop auth (hadoop.rpc.protection=authentication), and use TLS`,
    )
  }
  const realm = asked.get('realm') ?? ''
  const cnonce = credentials.nonce()
  const secret = md5(Buffer.from(`${user}:${realm}:${password}`))
  const session = hex(md5(Buffer.concat([secret, Buffer.from(`:${nonce}:${cnonce}`)])))
  const digest = (method: string) => {
    const about = hex(md5(Buffer.from(`${method}:${service}`)))
    return hex(md5(Buffer.from(`${session}:${nonce}:${COUNT}:${cnonce}:auth:${about}`)))
  }
  const text = [
    ...(asked.has('charset') ? ['charset=utf-8'] : []),
    `username=${quoted(user)},realm=${quoted(realm)},nonce=${quoted(nonce)},nc=${COUNT},cnonce=${quoted(cnonce)}`,
    `digest-uri=${quoted(service)},response=${digest('AUTHENTICATE')},qop=auth`,
  ].join(',')
  return { text, proof: digest('') }
}

function checkProof(said: Directives, expected: string | undefined): void {
  if (expected !== undefined && said.get('rspauth') === expected) return
  throw new MoraineError('permission', 'the server did not show that it knows the password: it is not the one meant')
}

/** RFC 2831, 7.1: names with values, which may be quoted, with commas between. */
function directives(data: Uint8Array): Directives {
  const text = Buffer.from(data).toString()
  const found = text.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/gs)
  return new Map(
    [...found].map(([, name = '', inQuotes, bare = '']) => [name, inQuotes?.replace(/\\(.)/gs, '$1') ?? bare]),
  )
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** Each nonce is used once. */
const COUNT = '00000001'

function md5(data: Uint8Array): Buffer {
  return createHash('md5').update(data).digest()
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex')
}
