import { gunzipSync, gzipSync } from 'node:zlib'
import { isKind, MoraineError } from '@moraine/stdx/error'

/**
 * The text of a metadata file. Whether it is gzipped is told by its first bytes: writers disagree about the name, some
 * end it in `.gz.metadata.json`, some in `.metadata.json.gz` (table spec, Appendix F).
 *
 * @throws {MoraineError} `corrupt`, with the file in its context as `metadataFile`, if it cannot be unpacked, is larger than
 * 512 MiB or is not UTF-8.
 */
export function decodeMetadataFile(bytes: Uint8Array, location: string): string {
  try {
    return UTF8.decode(isGzip(bytes) ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes)
  } catch (cause) {
    const context = { metadataFile: location }
    throw new MoraineError('corrupt', `${location} is neither UTF-8 text nor such text in gzip`, { cause, context })
  }
}

/**
 * What is made of the content of the metadata file at `location`.
 *
 * @throws {MoraineError} as `decode` does; what is `corrupt` has the file in its context, as `metadataFile`
 */
export function ofMetadataFile<T>(location: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (!isKind(error, 'corrupt')) throw error
    const context = { ...error.context, metadataFile: location }
    throw new MoraineError('corrupt', error.message, { cause: error.cause, context })
  }
}

/** The bytes to be written under `location`; gzipped exactly if readers take it to be by its name. */
export function encodeMetadataFile(text: string, location: string): Uint8Array {
  const isZipped = location.endsWith('.gz.metadata.json') || location.endsWith('.metadata.json.gz')
  return isZipped ? gzipSync(text) : Buffer.from(text)
}

// Text beyond it would not fit a string.
const MAX_BYTES = 512 * 1024 * 1024

const UTF8 = new TextDecoder('utf-8', { fatal: true })

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
