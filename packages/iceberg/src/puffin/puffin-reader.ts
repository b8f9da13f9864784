import { zstdDecompressSync } from 'node:zlib'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'
import {
  decodePuffinFooter,
  FOOTER_TAIL_BYTES,
  footerSize,
  type PuffinBlob,
  type PuffinFooter,
} from './puffin-footer.ts'

/**
 * Loads a Puffin file's footer with one request, or two if it is long and its size is not given.
 *
 * @throws {MoraineError} of the FileIO; `corrupt` if the file is damaged, `unsupported` for an LZ4 footer.
 */
export async function loadPuffinFooter(
  io: FileIO,
  file: { readonly location: string; readonly fileSizeBytes: number; readonly footerSizeBytes?: number },
  signal?: AbortSignal,
): Promise<PuffinFooter> {
  const { location, fileSizeBytes } = file
  const first = Math.min(fileSizeBytes, Math.max(file.footerSizeBytes ?? LIKELY_FOOTER_BYTES, FOOTER_TAIL_BYTES))
  const tail = await io.readRange(location, fileSizeBytes - first, first, signal)
  const size = footerSize(tail, fileSizeBytes, location)
  const footer =
    size <= tail.length
      ? tail.subarray(tail.length - size)
      : await io.readRange(location, fileSizeBytes - size, size, signal)
  return decodePuffinFooter(footer, fileSizeBytes, location)
}

/** Loads one blob of a Puffin file that may hold others, decompressed. */
export async function loadPuffinBlob(
  io: FileIO,
  location: string,
  blob: Pick<PuffinBlob, 'offset' | 'length' | 'compressionCodec'>,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await io.readRange(location, blob.offset, blob.length, signal)
  return decompressBlob(bytes, blob.compressionCodec, `${location} at ${blob.offset}`)
}

/** @throws {MoraineError} `corrupt` if the bytes are damaged, `unsupported` for a codec other than zstd. */
function decompressBlob(bytes: Uint8Array, codec: string | undefined, what: string): Uint8Array {
  if (codec === undefined) return bytes
  if (codec !== 'zstd') throw new MoraineError('unsupported', `the blob in ${what} is compressed with "${codec}"`)
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: BLOB_BYTES_MAX })
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new MoraineError('unsupported', `the blob in ${what} has more than ${BLOB_BYTES_MAX} bytes`, { cause })
    }
    throw new MoraineError('corrupt', `${what} is damaged: a blob cannot be decompressed`, { cause })
  }
}

const LIKELY_FOOTER_BYTES = 16 << 10
const BLOB_BYTES_MAX = 256 << 20
