import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Random } from '@moraine/stdx/random'

/** Text that only who has the key can read, and make. */
export interface SealedBox {
  /** @param bound what the text is to be opened with, and not without: whose it is, and what for */
  seal(text: string, bound: string): Buffer
  /** `undefined` for what is not as it was sealed, by this key and with this `bound`. */
  open(sealed: Uint8Array, bound: string): string | undefined
}

/** AES-256-GCM with a nonce of its own for each text: nonce, tag and text, one behind the other. */
export function sealedBox(key: Uint8Array, random: Pick<Random, 'bytes'>): SealedBox {
  return {
    seal(text, bound) {
      const nonce = random.bytes(NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(bound))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    open(sealed, bound) {
      if (sealed.length < TEXT_AT) return undefined
      const nonce = sealed.subarray(0, NONCE_BYTES)
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(bound))
      decipher.setAuthTag(sealed.subarray(NONCE_BYTES, TEXT_AT))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(TEXT_AT)), decipher.final()]).toString('utf8')
      } catch {
        return undefined
      }
    },
  }
}

/** Of keys. */
export const SECRET_KEY_BYTES = 32
const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const TEXT_AT = NONCE_BYTES + TAG_BYTES
