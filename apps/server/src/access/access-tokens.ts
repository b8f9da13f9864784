import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { errors, jwtVerify, SignJWT } from 'jose'
import { derivedKey } from '../secrets/derived-key.ts'
import { keyedMark } from '../secrets/keyed-mark.ts'

/** For how long a token of the token endpoint is good. */
export const ACCESS_TOKEN_SECONDS = 3600

const ISSUER = 'moraine'
const ALGORITHM = 'HS256'

/** Which credential a token stands for, and which secret it had: with another secret the token is void. */
export type TokenSubject = { readonly credentialId: string; readonly secretHash: string }

/** Signs and reads the short-lived tokens (RFC 7519) that a credential is exchanged for. */
export interface AccessTokens {
  sign(subject: TokenSubject): Promise<string>
  /** @throws {MoraineError} `unauthenticated` for one that has expired, or that this service has not signed */
  read(token: string): Promise<{ readonly credentialId: string; isOf(secretHash: string): boolean }>
}

export function accessTokens(secretKey: Uint8Array, clock: Clock): AccessTokens {
  const key = derivedKey(secretKey, 'access tokens')
  // Tells two secrets apart, and nothing about either: the secret of an administrator may be a word.
  const mark = keyedMark(key)
  const fingerprint = (secretHash: string) => mark.of(secretHash).toString('base64url').slice(0, 16)
  const seconds = () => Math.floor(clock.now() / 1000)
  return {
    sign: ({ credentialId, secretHash }) =>
      new SignJWT({ of: fingerprint(secretHash) })
        .setProtectedHeader({ alg: ALGORITHM })
        .setIssuer(ISSUER)
        .setAudience(ISSUER)
        .setSubject(credentialId)
        .setIssuedAt(seconds())
        .setExpirationTime(seconds() + ACCESS_TOKEN_SECONDS)
        .sign(key),
    async read(token) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience: ISSUER,
          requiredClaims: ['sub', 'exp'],
          currentDate: new Date(clock.now()),
        })
        return { credentialId: payload.sub ?? '', isOf: (secretHash) => payload['of'] === fingerprint(secretHash) }
      } catch (error) {
        if (!(error instanceof errors.JOSEError)) throw error
        const why = error instanceof errors.JWTExpired ? 'has expired; get a new one' : 'is not one of this service'
        throw new MoraineError('unauthenticated', `the bearer token ${why}`)
      }
    },
  }
}
