import { crc32 } from 'node:zlib'
import { MoraineError } from '@moraine/stdx/error'
import { decodeRoaringPositions, encodeRoaringPositions, type Positions } from './roaring-positions.ts'

/**
 * Decodes a blob of type `deletion-vector-v1`, which is exactly `blob` (Puffin spec): length, magic, positions and
 * checksum are verified. That there are as many positions as the manifest says is for the caller to check.
 *
 * @throws {MoraineError} `corrupt` if the blob is damaged; `what` names it.
 */
export function decodeDeletionVector(blob: Uint8Array, what: string): Positions {
  const bad = (detail: string) => new MoraineError('corrupt', `${what} is damaged: ${detail}`)
  if (blob.length < FRAME_BYTES) throw bad(`a deletion vector cannot have ${blob.length} bytes`)
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  const length = view.getUint32(0)
  if (length !== blob.length - LENGTH_BYTES - CHECKSUM_BYTES) {
    throw bad(`it states ${length} bytes of content, the blob has ${blob.length - LENGTH_BYTES - CHECKSUM_BYTES}`)
  }
  if (view.getUint32(LENGTH_BYTES) !== MAGIC) throw bad('it lacks the magic bytes of a deletion vector')
  const content = blob.subarray(LENGTH_BYTES, blob.length - CHECKSUM_BYTES)
  if (crc32(content) !== view.getUint32(blob.length - CHECKSUM_BYTES)) throw bad('its checksum does not match')
  return decodeRoaringPositions(content.subarray(MAGIC_BYTES), what)
}

/**
 * Encodes row positions as a blob of type `deletion-vector-v1`.
 *
 * @throws {MoraineError} `invalid-input` if they are not in strictly ascending order.
 */
export function encodeDeletionVector(positions: ArrayLike<number>): Uint8Array {
  const vector = encodeRoaringPositions(positions)
  const blob = new Uint8Array(FRAME_BYTES + vector.length)
  const view = new DataView(blob.buffer)
  view.setUint32(0, MAGIC_BYTES + vector.length)
  view.setUint32(LENGTH_BYTES, MAGIC)
  blob.set(vector, LENGTH_BYTES + MAGIC_BYTES)
  const checksumAt = blob.length - CHECKSUM_BYTES
  view.setUint32(checksumAt, crc32(blob.subarray(LENGTH_BYTES, checksumAt)))
  return blob
}

const LENGTH_BYTES = 4
const MAGIC_BYTES = 4
const CHECKSUM_BYTES = 4
const FRAME_BYTES = LENGTH_BYTES + MAGIC_BYTES + CHECKSUM_BYTES
/** D1 D3 39 64; the frame is big-endian, as in Delta tables, while the positions are little-endian. */
const MAGIC = 0xd1d33964
