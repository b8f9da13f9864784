import { MoraineError } from '@moraine/stdx/error'
import { decodeRoaringBitmap, encodeRoaringBitmap } from './roaring-bitmap.ts'

/**
 * Row positions in strictly ascending order: a Uint32Array if all are below 2^32, as in any file of fewer rows, else a
 * Float64Array of exact integers.
 */
export type Positions = Uint32Array | Float64Array

/**
 * Decodes a 64-bit position vector (Puffin spec, "deletion-vector-v1"): a count, then 32-bit bitmaps, each preceded by
 * the upper 32 bits of its positions. The vector must fill `bytes`.
 *
 * @throws {MoraineError} `corrupt` if it is damaged, `unsupported` beyond {@link POSITIONS_MAX}; `what` names it.
 */
export function decodeRoaringPositions(bytes: Uint8Array, what: string): Positions {
  const bad = (detail: string) => new MoraineError('corrupt', `${what} is damaged: ${detail}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < COUNT_BYTES) throw bad('its position vector ends too early')
  const count = view.getBigUint64(0, true)
  const parts: { readonly key: number; readonly values: Uint32Array }[] = []
  let offset = COUNT_BYTES
  let total = 0
  let lastKey = -1
  for (let left = count; left > 0n; left -= 1n) {
    if (offset + KEY_BYTES > bytes.length) throw bad(`its position vector has fewer than ${count} bitmaps`)
    const key = view.getUint32(offset, true)
    if (key <= lastKey) throw bad('the bitmaps of its position vector are out of order')
    lastKey = key
    const { values, end } = decodeRoaringBitmap(bytes, offset + KEY_BYTES, POSITIONS_MAX - total, what)
    // Some writers put in an empty bitmap for every key up to the last.
    if (values.length > 0) {
      if (key >= KEY_MAX) throw bad(`it has the position ${BigInt(key) << 32n}, beyond any file`)
      parts.push({ key, values })
    }
    total += values.length
    offset = end
  }
  if (offset !== bytes.length) throw bad('bytes are left after its position vector')
  return join(parts, total)
}

/**
 * Encodes positions, byte for byte as CRoaring does after `run_optimize`; there is no bitmap for keys without positions.
 *
 * @throws {MoraineError} `invalid-input` if they are not integers in strictly ascending order from 0 below 2^53.
 */
export function encodeRoaringPositions(positions: ArrayLike<number>): Uint8Array {
  checkAscending(positions)
  const parts: Uint8Array[] = []
  const keys: number[] = []
  for (let start = 0; start < positions.length; ) {
    const key = Math.floor((positions[start] ?? 0) / KEY_VALUES)
    const end = firstNotBelow(positions, (key + 1) * KEY_VALUES, start)
    keys.push(key)
    parts.push(encodeRoaringBitmap(positions, start, end, key * KEY_VALUES))
    start = end
  }
  const length = parts.reduce((sum, part) => sum + KEY_BYTES + part.length, COUNT_BYTES)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(parts.length), true)
  let offset = COUNT_BYTES
  for (const [index, part] of parts.entries()) {
    view.setUint32(offset, keys[index] ?? 0, true)
    bytes.set(part, offset + KEY_BYTES)
    offset += KEY_BYTES + part.length
  }
  return bytes
}

/** Few bytes can stand for very many positions; more than these (1 GB) are not taken into memory. */
export const POSITIONS_MAX = 1 << 28

const COUNT_BYTES = 8
const KEY_BYTES = 4
const KEY_VALUES = 2 ** 32
/** Positions of this key and above are beyond 2^53. */
const KEY_MAX = 2 ** 21

function join(parts: readonly { readonly key: number; readonly values: Uint32Array }[], total: number): Positions {
  const [only] = parts
  if (only === undefined) return new Uint32Array()
  if (parts.length === 1 && only.key === 0) return only.values
  const positions = new Float64Array(total)
  let at = 0
  for (const { key, values } of parts) {
    const base = key * KEY_VALUES
    for (const value of values) positions[at++] = base + value
  }
  return positions
}

function checkAscending(positions: ArrayLike<number>): void {
  let last = -1
  for (let index = 0; index < positions.length; index += 1) {
    const position = positions[index] ?? Number.NaN
    if (!(position > last && Number.isSafeInteger(position))) {
      throw new MoraineError('invalid-input', `the position ${position} after ${last} is not in ascending order`)
    }
    last = position
  }
}

function firstNotBelow(positions: ArrayLike<number>, limit: number, from: number): number {
  let low = from
  let high = positions.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((positions[middle] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  return low
}
