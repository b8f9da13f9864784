import type { SaslMechanism } from './sasl.ts'

/** What the mechanism PLAIN (RFC 4616) sends; the password travels as it is, so TLS belongs underneath. */
export type PlainCredentials = { readonly user: string; readonly password: string }

export function saslPlain({ user, password }: PlainCredentials): SaslMechanism {
  return {
    name: 'PLAIN',
    initial: Buffer.from(`\0${user}\0${password}`),
    whom: `user ${user}`,
    // All was said: a server that says it goes on asks for nothing.
    answer: () => undefined,
    confirm: () => undefined,
  }
}
