import { hkdfSync } from 'node:crypto'

/** A key for one purpose, made of another by HKDF (RFC 5869): the same everywhere and always, and telling nothing of it. */
export function derivedKey(key: Uint8Array, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, '', `moraine ${purpose}`, 32))
}
