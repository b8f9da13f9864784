import { seededRandom } from '@moraine/stdx/random'

/** How a file is damaged: one bit, a stretch of other bytes, a stretch of zeros, the end cut off, or bytes added. */
export type DamageKind = 'bit' | 'stretch' | 'zeros' | 'cut' | 'grown'

export type Damage = { readonly kind: DamageKind; readonly what: string; readonly bytes: Uint8Array }

// What storage really does: most damage is a bit or an end that is missing.
const KINDS: readonly DamageKind[] = ['bit', 'bit', 'cut', 'bit', 'stretch', 'bit', 'cut', 'zeros', 'bit', 'grown']

/** The bytes with one damage, which the seed decides. They always differ from the original, which must not be empty. */
export function damageBytes(original: Uint8Array, seed: number): Damage {
  const random = seededRandom(seed)
  const below = (limit: number) => Buffer.from(random.bytes(4)).readUInt32LE() % limit
  const kind = KINDS[below(KINDS.length)] ?? 'bit'
  const at = below(original.length)
  const length = Math.min(1 + below(64), original.length - at)
  const bytes = damaged(kind, original, at, length, { below, bytes: (count) => random.bytes(count) })
  const same = Buffer.from(bytes).equals(original)
  const what = `${same ? 'bit' : kind} at ${at} of ${original.length}`
  return same ? { kind: 'bit', what, bytes: flipped(original, at, 0) } : { kind, what, bytes }
}

type Draw = { readonly below: (limit: number) => number; readonly bytes: (count: number) => Uint8Array }

function damaged(kind: DamageKind, original: Uint8Array, at: number, length: number, draw: Draw): Uint8Array {
  switch (kind) {
    case 'bit':
      return flipped(original, at, draw.below(8))
    case 'cut':
      return original.slice(0, at)
    case 'grown':
      return Buffer.concat([original, draw.bytes(length)])
    case 'stretch':
    case 'zeros': {
      const bytes = Uint8Array.from(original)
      bytes.set(kind === 'zeros' ? new Uint8Array(length) : draw.bytes(length), at)
      return bytes
    }
  }
}

function flipped(original: Uint8Array, at: number, bit: number): Uint8Array {
  const bytes = Uint8Array.from(original)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
  return bytes
}
