import type { EpochMs } from './brand.ts'

/** The only source of randomness: fills with uniformly distributed bytes. */
export interface Random {
  bytes(length: number): Uint8Array
}

export const systemRandom: Random = { bytes: systemBytes }

// A call of the system costs more than the few bytes that an id needs: they are drawn ahead, and given out once.
const POOL_BYTES = 4096
const pool = new Uint8Array(POOL_BYTES)
let given = POOL_BYTES

function systemBytes(length: number): Uint8Array {
  if (length > POOL_BYTES / 16) return crypto.getRandomValues(new Uint8Array(length))
  if (given + length > POOL_BYTES) {
    crypto.getRandomValues(pool)
    given = 0
  }
  const bytes = pool.slice(given, given + length)
  pool.fill(0, given, given + length)
  given += length
  return bytes
}

/** A reproducible source for tests and the simulator (xorshift32 over a scrambled seed; not for secrets). */
export function seededRandom(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state & 0xff
  }
  return { bytes: (length) => Uint8Array.from({ length }, next) }
}

/** A positive 63-bit integer, as Iceberg's snapshot ids are made. */
export function randomInt63(random: Random): bigint {
  const bytes = random.bytes(8)
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0) & 0x7fffffffffffffffn
  return value === 0n ? 1n : value
}

/** A UUID version 4 (RFC 9562). */
export function uuidV4(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return formatUuid(bytes)
}

/** A UUID version 7 (RFC 9562): its text sorts by time. */
export function uuidV7(random: Random, now: EpochMs): string {
  const bytes = random.bytes(16)
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  view.setUint16(0, Math.floor(now / 2 ** 32))
  view.setUint32(2, now >>> 0)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return formatUuid(bytes)
}

/** The 36-character text of 16 bytes. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
