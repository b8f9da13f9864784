import type { Random } from '@moraine/stdx/random'
import { sealedBox } from '../secrets/sealed-box.ts'

/** Of which list a token is: by whom, of what, and where. */
export type PagedList = readonly string[]

/**
 * Page tokens for clients. Those of catalogs are names in their lists, of which some are not for whoever asks: what goes out is
 * sealed, and opens for the same principal and the same list alone.
 */
export interface PageTokens {
  seal(list: PagedList, token: string): string
  /** `undefined` for what is no token of the list. */
  open(list: PagedList, sealed: string): string | undefined
}

/** A {@link sealedBox} in base64url, bound to its list. Services with the same key share their tokens. */
export function pageTokens(key: Uint8Array, random: Pick<Random, 'bytes'>): PageTokens {
  const box = sealedBox(key, random)
  return {
    seal: (list, token) => box.seal(padded(token), JSON.stringify(list)).toString('base64url'),
    open(list, sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      const text = bytes.toString('base64url') === sealed ? box.open(bytes, JSON.stringify(list)) : undefined
      return text === undefined ? undefined : unpadded(text)
    },
  }
}

/** Tokens of up to so many bytes are of one length, which tells nothing of the name in them. */
const BLOCK_BYTES = 128
const END = '\0'

function padded(token: string): string {
  const bytes = Buffer.byteLength(token) + 1
  return token + END + ' '.repeat((BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES)
}

function unpadded(text: string): string {
  return text.slice(0, text.lastIndexOf(END))
}
