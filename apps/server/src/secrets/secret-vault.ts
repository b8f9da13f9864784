import { createHash } from 'node:crypto'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import { sealedBox } from './sealed-box.ts'

/** Whose secret, and which. A sealed value opens only as the secret it was sealed as. */
export type SecretPlace = {
  /** `catalog far` */
  readonly owner: string
  readonly name: string
  /** What to do if it cannot be opened, for messages. */
  readonly remedy: string
}

/** Seals what the database keeps and nobody may read there. */
export interface SecretVault {
  seal(place: SecretPlace, value: string): string
  /** @throws {MoraineError} `permission` if another key sealed it, `corrupt` if it is not as it was sealed */
  open(place: SecretPlace, sealed: string): string
}

/**
 * A value is bound to its owner and its name. Sealed it is `v1.KEY.DATA`: a name for the key that tells nothing of it, and a
 * {@link sealedBox} in base64url.
 */
export function secretVault(key: Uint8Array, random: Random): SecretVault {
  const keyName = createHash('sha256').update('moraine secret key name\0').update(key).digest('hex').slice(0, 12)
  const box = sealedBox(key, random)
  return {
    seal: (place, value) => `v1.${keyName}.${box.seal(value, boundOf(place, keyName)).toString('base64url')}`,
    open(place, sealed) {
      const [version, sealedBy, data = '', ...more] = sealed.split('.')
      const bytes = Buffer.from(data, 'base64url')
      const isWhole = sealedBy !== undefined && data !== '' && bytes.toString('base64url') === data
      if (version !== 'v1' || more.length > 0 || !isWhole) throw damaged(place)
      if (sealedBy !== keyName) throw otherKey(place, sealedBy, keyName)
      const value = box.open(bytes, boundOf(place, keyName))
      if (value === undefined) throw damaged(place)
      return value
    },
  }
}

function boundOf({ owner, name }: SecretPlace, keyName: string): string {
  return JSON.stringify(['moraine secret v1', keyName, owner, name])
}

function damaged({ owner, name, remedy }: SecretPlace): MoraineError {
  return new MoraineError('corrupt', `the secret ${name} of ${owner} is not as it was stored; ${remedy}`)
}

function otherKey({ owner, name, remedy }: SecretPlace, sealedBy: string, own: string): MoraineError {
  return new MoraineError(
    'permission',
    `the secret ${name} of ${owner} was sealed with the key ${sealedBy}, and this service has the key ${own}; put that key back (secret.key in the data directory, or MORAINE_SECRET_KEY), or ${remedy}`,
  )
}
