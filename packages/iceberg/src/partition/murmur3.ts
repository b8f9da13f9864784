// Murmur3, 32 bits, x86 variant, seed 0 (table spec, Appendix B). Results are signed 32-bit integers, as in the spec's
// test values.

const C1 = 0xcc9e2d51
const C2 = 0x1b873593

export function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tailAt = bytes.length & ~3
  let hash = 0
  for (let at = 0; at < tailAt; at += 4) hash = mixBlock(hash, view.getInt32(at, true))
  let tail = 0
  for (let at = bytes.length - 1; at >= tailAt; at -= 1) tail = (tail << 8) | view.getUint8(at)
  if (tailAt < bytes.length) hash ^= scramble(tail)
  return finish(hash, bytes.length)
}

/** The hash of a 64-bit integer's eight little-endian bytes. */
export function murmur3Long(value: bigint): number {
  const low = Number(BigInt.asIntN(32, value))
  const high = Number(BigInt.asIntN(32, value >> 32n))
  return finish(mixBlock(mixBlock(0, low), high), 8)
}

function mixBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function scramble(block: number): number {
  const mixed = Math.imul(block, C1)
  return Math.imul((mixed << 15) | (mixed >>> 17), C2)
}

function finish(hash: number, length: number): number {
  let mixed = hash ^ length
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
