import type { PrincipalStore } from '@moraine/management/access/principal'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { AccessTokens } from './access-tokens.ts'
import { hasHash, hashSecret, isCredentialId, parseBearer } from './credential-secret.ts'
import { guessLimits } from './guess-limits.ts'
import { ANYBODY, type Identity } from './identity.ts'

export interface Authenticator {
  /** Who need not say who they are: whoever is on this machine, or whoever gets through. */
  readonly openTo: 'nobody' | 'this-machine' | 'everybody'
  /** Whether somebody who is no principal may do everything: the administrator of the configuration, or anybody. */
  readonly administersItself?: true
  /**
   * Who sends a request with this `Authorization` header: `Basic` with a credential's id and secret, or `Bearer` with a
   * token of {@link exchange} or one that holds a credential itself.
   *
   * @param source the address that it comes from
   * @throws {MoraineError} `unauthenticated` if the header is missing, or what it says is not or no longer true; and as
   * `GuessLimits.check`; `unavailable` if it cannot be looked up now
   */
  identify(authorization: string | undefined, source: string): Promise<Identity>
  /**
   * A short-lived token for a credential.
   *
   * @throws {MoraineError} `unauthenticated` if there is no such credential, and as `GuessLimits.check`
   */
  exchange(id: string, secret: string, source: string): Promise<string>
  /** A new token for one that is still good. Errors as those of {@link identify}. */
  renew(token: string, source: string): Promise<string>
}

export type AuthenticatorDeps = {
  readonly principals: Pick<PrincipalStore, 'findCredential'>
  readonly tokens: AccessTokens
  /** Of the configuration. */
  readonly administrator: { readonly name: string; readonly password: string } | undefined
  readonly clock: Clock
}

/** A credential that is good now. */
type Known = { readonly id: string; readonly secretHash: string; readonly identity: Identity }

/** Everybody proves who they are. Nothing but wrong guesses is remembered between requests: what
 * is revoked is refused at once. */
export function authenticator({ principals, tokens, administrator, clock }: AuthenticatorDeps): Authenticator {
  const limits = guessLimits(clock)
  const admin: Known | undefined = administrator && {
    id: administrator.name,
    secretHash: hashSecret(administrator.password),
    identity: { name: administrator.name, grants: [{ role: 'admin', place: {} }] },
  }

  async function find(id: string): Promise<Known | undefined> {
    if (id === admin?.id) return admin
    if (!isCredentialId(id)) return undefined
    const found = await principals.findCredential(id).catch((error: unknown) => {
      throw cannotLook(error)
    })
    if (found === undefined) return undefined
    const { credential, principal } = found
    if (credential.expiresAt !== undefined && credential.expiresAt <= clock.now()) return undefined
    return { id, secretHash: credential.secretHash, identity: principal }
  }

  async function withSecret(id: string, secret: string, source: string): Promise<Known> {
    limits.check(source, id)
    const known = await find(id)
    if (known !== undefined && hasHash(secret, known.secretHash)) {
      limits.succeeded(source, id)
      return known
    }
    limits.failed(source, id)
    throw new MoraineError('unauthenticated', 'there is no such credential, it has expired, or its secret is another')
  }

  async function withToken(token: string, source: string): Promise<Known> {
    const whole = parseBearer(token)
    if (whole !== undefined) return withSecret(whole.id, whole.secret, source)
    const { credentialId, isOf } = await tokens.read(token)
    const known = await find(credentialId)
    if (known !== undefined && isOf(known.secretHash)) return known
    throw new MoraineError('unauthenticated', 'the credential of the bearer token has been removed or has expired')
  }

  const sign = ({ id, secretHash }: Known) => tokens.sign({ credentialId: id, secretHash })
  return {
    openTo: 'nobody',
    ...(admin !== undefined && { administersItself: true }),
    async identify(authorization, source) {
      const { scheme, value } = parseAuthorization(authorization)
      if (scheme === 'bearer') return (await withToken(value, source)).identity
      const { id, secret } = parseBasic(value)
      return (await withSecret(id, secret, source)).identity
    },
    exchange: async (id, secret, source) => sign(await withSecret(id, secret, source)),
    renew: async (token, source) => sign(await withToken(token, source)),
  }
}

/** Nobody has to say who they are, and everybody may do everything. */
export function openAuthenticator(openTo: 'this-machine' | 'everybody' = 'everybody'): Authenticator {
  const refuse = () =>
    Promise.reject(new MoraineError('invalid-input', 'this service asks nobody who they are: leave out the credential'))
  return { openTo, administersItself: true, identify: async () => ANYBODY, exchange: refuse, renew: refuse }
}

/** Whoever asks is nobody yet: what the store says of itself, of where it is and who signs in to it, is for the log. */
function cannotLook(cause: unknown): MoraineError {
  return new MoraineError(
    'unavailable',
    'who you are cannot be looked up now, since the database of the service does not answer; try again later',
    { cause },
  )
}

function parseAuthorization(header: string | undefined): {
  readonly scheme: 'basic' | 'bearer'
  readonly value: string
} {
  if (header === undefined) {
    throw new MoraineError('unauthenticated', 'say who you are: send a bearer token, or a credential by Basic')
  }
  const match = /^(\S+) +(\S+) *$/.exec(header)
  const scheme = match?.[1]?.toLowerCase()
  if ((scheme === 'basic' || scheme === 'bearer') && match?.[2] !== undefined) return { scheme, value: match[2] }
  throw new MoraineError('unauthenticated', 'the Authorization header is neither Bearer nor Basic')
}

/** RFC 7617. */
export function parseBasic(value: string): { readonly id: string; readonly secret: string } {
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) throw new MoraineError('unauthenticated', 'the Authorization header holds no id and secret')
  return { id: text.slice(0, colon), secret: text.slice(colon + 1) }
}
