import { zstdDecompressSync } from 'node:zlib'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, parseExactJson } from '@moraine/stdx/exact-json'
import {
  int32,
  int64,
  type JsonDecoder,
  listOf,
  mapOf,
  optional,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { SnapshotId } from '../metadata/snapshot.ts'

/** What a Puffin file's footer says (Puffin spec, "FileMetadata"). */
export type PuffinFooter = {
  readonly blobs: readonly PuffinBlob[]
  readonly properties: Readonly<Record<string, string>>
}

export type PuffinBlob = {
  readonly type: string
  /** Ids of the columns it was made from. */
  readonly fields: readonly number[]
  /** -1 for deletion vectors: theirs is the one that adds them. */
  readonly snapshotId: SnapshotId
  readonly sequenceNumber: number
  /** Where the blob lies in the file; its length is that of the compressed bytes. */
  readonly offset: number
  readonly length: number
  readonly compressionCodec?: string
  readonly properties: Readonly<Record<string, string>>
}

/** `PFA1`: a file, and again its footer, starts and ends with it. */
export const PUFFIN_MAGIC = Buffer.from('PFA1', 'latin1')

/** Payload size, flags and magic, with which every file ends. */
export const FOOTER_TAIL_BYTES = 12

/**
 * The whole footer's size, from the last {@link FOOTER_TAIL_BYTES} or more bytes of a file of `fileBytes`.
 *
 * @throws {MoraineError} `corrupt` if there is no footer; `what` names the file.
 */
export function footerSize(tail: Uint8Array, fileBytes: number, what: string): number {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength)
  if (tail.length < FOOTER_TAIL_BYTES || !endsWithMagic(tail)) {
    throw new MoraineError('corrupt', `${what} is no Puffin file: it does not end with "PFA1"`)
  }
  const payloadBytes = view.getInt32(tail.length - FOOTER_TAIL_BYTES, true)
  const bytes = PUFFIN_MAGIC.length + payloadBytes + FOOTER_TAIL_BYTES
  if (payloadBytes < 0 || bytes > fileBytes - PUFFIN_MAGIC.length) {
    throw new MoraineError('corrupt', `${what} is damaged: a footer of ${payloadBytes} bytes does not fit the file`)
  }
  return bytes
}

/**
 * Reads a footer, which is exactly `footer`, of a file of `fileBytes`.
 *
 * @throws {MoraineError} `corrupt` if it is damaged or a blob lies outside the file; `unsupported` for flags or a
 *   compression that are not handled.
 */
export function decodePuffinFooter(footer: Uint8Array, fileBytes: number, what: string): PuffinFooter {
  if (footerSize(footer, fileBytes, what) !== footer.length || !PUFFIN_MAGIC.equals(footer.subarray(0, 4))) {
    throw new MoraineError('corrupt', `${what} is damaged: its footer does not start with "PFA1"`)
  }
  const flags = new DataView(footer.buffer, footer.byteOffset, footer.byteLength).getUint32(footer.length - 8, true)
  if ((flags & ~COMPRESSED_FLAG) !== 0) {
    throw new MoraineError('unsupported', `${what} has footer flags (${flags}) of a later Puffin version`)
  }
  const payload = footer.subarray(PUFFIN_MAGIC.length, footer.length - FOOTER_TAIL_BYTES)
  const json = (flags & COMPRESSED_FLAG) === 0 ? payload : decompress(payload, what)
  const document = `the footer of ${what}`
  const decoded = decodeFooter(parseExactJson(Buffer.from(json).toString('utf8'), document), {
    document,
    kind: 'corrupt',
  })
  for (const { type, offset, length } of decoded.blobs) {
    if (offset < PUFFIN_MAGIC.length || length < 0 || offset + length > fileBytes - footer.length) {
      throw new MoraineError(
        'corrupt',
        `${what} is damaged: its blob "${type}" at ${offset}+${length} lies outside of it`,
      )
    }
  }
  return decoded
}

export function encodePuffinFooter(footer: PuffinFooter): Uint8Array {
  const json = formatExactJson({
    blobs: footer.blobs.map(encodeBlob),
    ...(Object.keys(footer.properties).length > 0 && { properties: footer.properties }),
  })
  const payload = Buffer.from(json, 'utf8')
  const tail = Buffer.alloc(8)
  tail.writeInt32LE(payload.length, 0)
  return Buffer.concat([PUFFIN_MAGIC, payload, tail, PUFFIN_MAGIC])
}

const COMPRESSED_FLAG = 1
const FOOTER_BYTES_MAX = 64 << 20

const decodeBlob: JsonDecoder<PuffinBlob> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<PuffinBlob>({
    type: required(json, 'type', text),
    fields: required(json, 'fields', listOf(int32)),
    snapshotId: required(json, 'snapshot-id', int64) as SnapshotId,
    sequenceNumber: required(json, 'sequence-number', safeInteger),
    offset: required(json, 'offset', safeInteger),
    length: required(json, 'length', safeInteger),
    compressionCodec: optional(json, 'compression-codec', text),
    properties: optional(json, 'properties', mapOf(text)) ?? {},
  })
}

const decodeFooter: JsonDecoder<PuffinFooter> = (value, place) => {
  const json = record(value, place)
  return {
    blobs: required(json, 'blobs', listOf(decodeBlob)),
    properties: optional(json, 'properties', mapOf(text)) ?? {},
  }
}

function encodeBlob(blob: PuffinBlob): object {
  return {
    type: blob.type,
    fields: blob.fields,
    'snapshot-id': blob.snapshotId,
    'sequence-number': blob.sequenceNumber,
    offset: blob.offset,
    length: blob.length,
    'compression-codec': blob.compressionCodec,
    properties: Object.keys(blob.properties).length > 0 ? blob.properties : undefined,
  }
}

function endsWithMagic(bytes: Uint8Array): boolean {
  return PUFFIN_MAGIC.equals(bytes.subarray(bytes.length - PUFFIN_MAGIC.length))
}

/** The specification has LZ4 here, which no known writer makes; some take Zstandard. A frame tells which it is. */
function decompress(payload: Uint8Array, what: string): Uint8Array {
  if (!ZSTD_MAGIC.equals(payload.subarray(0, ZSTD_MAGIC.length))) {
    throw new MoraineError('unsupported', `the footer of ${what} is compressed with LZ4; rewrite the file uncompressed`)
  }
  try {
    return zstdDecompressSync(payload, { maxOutputLength: FOOTER_BYTES_MAX })
  } catch (cause) {
    throw new MoraineError('corrupt', `${what} is damaged: its footer cannot be decompressed`, { cause })
  }
}

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
