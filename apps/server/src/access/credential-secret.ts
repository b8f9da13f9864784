import { createHash, timingSafeEqual } from 'node:crypto'
import type { Credential } from '@moraine/management/access/principal'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Random } from '@moraine/stdx/random'

const ID_BYTES = 8
const SECRET_BYTES = 32

/** A credential as it is stored, and its secret, which nobody can tell any more once this is forgotten. */
export function newCredential(
  of: Pick<Credential, 'principal' | 'note' | 'expiresAt'>,
  now: EpochMs,
  random: Random,
): { readonly credential: Credential; readonly secret: string } {
  const id = Buffer.from(random.bytes(ID_BYTES)).toString('hex')
  const secret = Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url')
  return { credential: { ...of, id, secretHash: hashSecret(secret), createdAt: now }, secret }
}

/** Whether an id is of the form of {@link newCredential}: others have no credential, and need not be looked for. */
export function isCredentialId(id: string): boolean {
  return /^[0-9a-f]{16}$/.test(id)
}

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** In a time that tells nothing of where they differ. */
export function hasHash(secret: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(hash))
}

/** Id and secret in one word, for clients that take a bearer token and nothing else. */
export function bearerOf(id: string, secret: string): string {
  return `mor_${id}_${secret}`
}

/** `undefined` for any other bearer token. */
export function parseBearer(token: string): { readonly id: string; readonly secret: string } | undefined {
  const match = /^mor_([0-9a-f]{16})_([\w-]{43})$/.exec(token)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { id: match[1], secret: match[2] }
}
