import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'

export const SECRET_KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

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
 * AES-256-GCM with a nonce of its own per value; its owner and its name are authenticated with it. A sealed
 * value is `v1.KEY.DATA`: a name for the key that tells nothing of it, and nonce, tag and text in base64url.
 */
export function secretVault(key: Uint8Array, random: Random): SecretVault {
  const keyName = createHash('sha256').update('moraine secret key name\0').update(key).digest('hex').slice(0, 12)
  return {
    seal(place, value) {
      const nonce = random.bytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(associated(place, keyName))
      const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
      return `v1.${keyName}.${Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')}`
    },
    open(place, sealed) {
      const [version, sealedBy, data = '', ...more] = sealed.split('.')
      const bytes = Buffer.from(data, 'base64url')
      const isWhole = bytes.length >= NONCE_BYTES + TAG_BYTES && bytes.toString('base64url') === data
      if (version !== 'v1' || more.length > 0 || !isWhole) throw damaged(place)
      if (sealedBy !== keyName) throw otherKey(place, sealedBy ?? '', keyName)
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(associated(place, keyName))
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      try {
        const text = bytes.subarray(NONCE_BYTES + TAG_BYTES)
        return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
      } catch {
        throw damaged(place)
      }
    },
  }
}

function associated({ owner, name }: SecretPlace, keyName: string): Buffer {
  return Buffer.from(JSON.stringify(['moraine secret v1', keyName, owner, name]))
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
