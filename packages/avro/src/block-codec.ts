import {
  constants,
  crc32,
  deflateRawSync,
  inflateRaw,
  inflateRawSync,
  type ZlibOptions,
  type ZstdOptions,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib'
import { MoraineError } from '@moraine/stdx/error'
import { decodeSnappy } from './snappy.ts'

/** The codecs of container files that are read (Avro specification, "Required Codecs" and "Optional Codecs"). */
export type AvroCodec = 'null' | 'deflate' | 'zstandard' | 'snappy'

/** How a writer compresses. Level 4 of deflate takes half the time of level 9 for manifests 3 % larger. */
export type AvroCompression =
  | { readonly codec: 'null' }
  | { readonly codec: 'deflate'; readonly level: number }
  | { readonly codec: 'zstandard'; readonly level: number }

export const DEFAULT_COMPRESSION: AvroCompression = { codec: 'deflate', level: 4 }

/** Writers make blocks of about 64 KB. A larger claim than this is damage or an attempt to exhaust memory. */
export const BLOCK_BYTES_MAX = 256 << 20

/** @throws {MoraineError} `unsupported` for a codec that is not read. */
export function parseAvroCodec(name: string, what: string): AvroCodec {
  if (name === 'null' || name === 'deflate' || name === 'zstandard' || name === 'snappy') return name
  throw new MoraineError(
    'unsupported',
    `${what} is compressed with the Avro codec "${name}"; rewrite it with deflate, zstandard, snappy or null`,
  )
}

export function compressBlock(bytes: Uint8Array, compression: AvroCompression): Uint8Array {
  switch (compression.codec) {
    case 'null':
      return bytes
    case 'deflate':
      return deflateRawSync(bytes, { level: compression.level, chunkSize: CHUNK_BYTES })
    case 'zstandard':
      return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: compression.level } })
  }
}

/**
 * @throws {MoraineError} `corrupt` if the block is damaged, `unsupported` if it would have more than
 *   `bytesMax` bytes.
 */
export function decompressBlock(
  bytes: Uint8Array,
  codec: AvroCodec,
  what: string,
  bytesMax: number = BLOCK_BYTES_MAX,
): Uint8Array {
  try {
    switch (codec) {
      case 'null':
        return bytes
      case 'deflate':
        return inflateRawSync(bytes, { maxOutputLength: bytesMax, chunkSize: CHUNK_BYTES })
      case 'zstandard':
        return zstdDecompressSync(bytes, { maxOutputLength: bytesMax })
      case 'snappy':
        return decodeChecked(bytes, what, bytesMax)
    }
  } catch (cause) {
    throw blockError(cause, codec, what, bytesMax)
  }
}

/** Like {@link decompressBlock}, on a thread of the pool where the codec can and the block is worth the way there. */
export async function decompressBlockLater(
  bytes: Uint8Array,
  codec: AvroCodec,
  what: string,
  bytesMax: number,
): Promise<Uint8Array> {
  if (bytes.length <= AT_ONCE_BYTES_MAX) return decompressBlock(bytes, codec, what, bytesMax)
  try {
    switch (codec) {
      case 'deflate':
        return await inflateRawLater(bytes, { maxOutputLength: bytesMax, chunkSize: CHUNK_BYTES })
      case 'zstandard':
        return await zstdDecompressLater(bytes, { maxOutputLength: bytesMax })
      case 'null':
      case 'snappy':
        return decompressBlock(bytes, codec, what, bytesMax)
    }
  } catch (cause) {
    throw blockError(cause, codec, what, bytesMax)
  }
}

function inflateRawLater(bytes: Uint8Array, options: ZlibOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => inflateRaw(bytes, options, settle(resolve, reject)))
}

function zstdDecompressLater(bytes: Uint8Array, options: ZstdOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => zstdDecompress(bytes, options, settle(resolve, reject)))
}

function settle(resolve: (bytes: Uint8Array) => void, reject: (error: Error) => void) {
  return (error: Error | null, bytes: Uint8Array) => (error === null ? resolve(bytes) : reject(error))
}

function blockError(cause: unknown, codec: AvroCodec, what: string, bytesMax: number): MoraineError {
  if (cause instanceof MoraineError) return cause
  if (cause instanceof RangeError) {
    return new MoraineError('unsupported', `${what}: a block has more than ${bytesMax} bytes`, { cause })
  }
  return new MoraineError('corrupt', `${what} is damaged: a block cannot be decompressed (${codec})`, { cause })
}

/** Avro's Snappy blocks end with the CRC-32 of the decoded bytes, big-endian. */
function decodeChecked(bytes: Uint8Array, what: string, bytesMax: number): Uint8Array {
  const bodyEnd = bytes.length - 4
  if (bodyEnd < 0) throw new MoraineError('corrupt', `${what} is damaged: a Snappy block has no checksum`)
  const decoded = decodeSnappy(bytes.subarray(0, bodyEnd), bytesMax, what)
  const expected = new DataView(bytes.buffer, bytes.byteOffset + bodyEnd, 4).getUint32(0)
  if (crc32(decoded) !== expected) {
    throw new MoraineError('corrupt', `${what} is damaged: the checksum of a Snappy block does not match`)
  }
  return decoded
}

// To have another thread inflate so little takes more of this one than to do it.
const AT_ONCE_BYTES_MAX = 4 << 10

// One chunk holds a usual block, so that zlib need not join several.
const CHUNK_BYTES = 64 << 10
