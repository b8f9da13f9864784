import { derivedKey } from '../secrets/derived-key.ts'
import { keyedMark } from '../secrets/keyed-mark.ts'

/** Shows that a message comes from a server that has the same secret key. Whoever sends it again only wakes somebody. */
export type NudgeSeal = {
  sign(body: string): string
  verify(body: string, signature: string): boolean
}

export const SIGNATURE_HEADER = 'x-moraine-signature'

export function nudgeSeal(secretKey: Uint8Array): NudgeSeal {
  const mark = keyedMark(derivedKey(secretKey, 'nudges between servers'))
  return {
    sign: (body) => mark.of(body).toString('hex'),
    verify: (body, signature) => mark.isOf(body, Buffer.from(signature, 'hex')),
  }
}
