import { OutputBuffer } from '@moraine/thrift/output-buffer'

/**
 * `first`, `first + delta`, ... : `count` values in DELTA_BINARY_PACKED (parquet-format, Encodings.md). All differences
 * are equal, so every miniblock has bit width 0 and no body: 5 bytes or so for 128 values. Block and miniblock sizes
 * are the usual ones, which every reader accepts.
 */
export function encodeDeltaSequence(first: bigint, delta: bigint, count: number): Uint8Array {
  const out = new OutputBuffer(64 + Math.ceil(count / BLOCK_VALUES) * 16)
  writeVarint(out, BigInt(BLOCK_VALUES))
  writeVarint(out, BigInt(MINIBLOCKS))
  writeVarint(out, BigInt(count))
  writeVarint(out, zigzag(first))
  for (let done = 1; done < count; done += BLOCK_VALUES) {
    writeVarint(out, zigzag(delta))
    for (let i = 0; i < MINIBLOCKS; i += 1) out.byte(0)
  }
  return out.finish()
}

/** ULEB128. */
export function writeVarint(out: OutputBuffer, value: bigint): void {
  let rest = value
  while (rest >= 0x80n) {
    out.byte(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.byte(Number(rest))
}

const BLOCK_VALUES = 128
const MINIBLOCKS = 4

function zigzag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
}
