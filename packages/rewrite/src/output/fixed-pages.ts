import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { SchemaLeaf } from '@moraine/parquet/footer/schema-tree'
import { assert, must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { type PageHeader, snappyUncompress } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { ByteWriter } from 'hyparquet-writer'
import { writePageHeader } from 'hyparquet-writer/src/datapage.js'
import { snappyCompress } from 'hyparquet-writer/src/snappy.js'

/** The pages of one column chunk, encoded anew. */
export type FixedChunk = {
  readonly bytes: Uint8Array
  readonly uncompressedBytes: number
  /** Where the first data page begins. */
  readonly dataPageAt: number
}

/**
 * Turns the pages of a BYTE_ARRAY column, all of whose values have `length` bytes, into those of a
 * FIXED_LEN_BYTE_ARRAY: the same values without their lengths (parquet-format, Encodings.md, "Plain"). Levels and
 * dictionary indexes stay as they are.
 *
 * @param chunk the pages of the chunk, as DuckDB writes them
 * @param codec of the chunk, by its number in the format
 */
export function fixedChunk(chunk: Uint8Array, codec: number, leaf: SchemaLeaf, length: number): FixedChunk {
  const compression = must(CODECS[codec], `a codec for ${codec}`)
  const out = new ByteWriter()
  let dataPageAt: number | undefined
  let uncompressedBytes = 0
  for (const { header, body } of pagesOf(chunk)) {
    const start = out.offset
    const page = fixedPage(header, body, compression, leaf, length)
    writePageHeader(out, page.header)
    uncompressedBytes += out.offset - start + page.header.uncompressed_page_size
    out.appendBytes(page.body)
    if (header.type === 'DATA_PAGE') dataPageAt ??= start
  }
  return { bytes: out.getBytes(), uncompressedBytes, dataPageAt: dataPageAt ?? out.offset }
}

type Page = { readonly header: PageHeader; readonly body: Uint8Array }

type Codec = {
  decompress(bytes: Uint8Array, length: number): Uint8Array
  compress(bytes: Uint8Array): Uint8Array
}

// By their numbers in parquet.thrift. LZ4, which Node does not have, is never asked for: see copy-statement.ts.
const CODECS: Readonly<Record<number, Codec | undefined>> = {
  0: { decompress: (bytes) => bytes, compress: (bytes) => bytes },
  1: {
    decompress(bytes, length) {
      const output = new Uint8Array(length)
      snappyUncompress(bytes, output)
      return output
    },
    compress: snappyCompress,
  },
  2: { decompress: (bytes) => gunzipSync(bytes), compress: (bytes) => gzipSync(bytes) },
  6: { decompress: (bytes) => zstdDecompressSync(bytes), compress: (bytes) => zstdCompressSync(bytes) },
}

function* pagesOf(chunk: Uint8Array): Generator<Page> {
  const reader = { view: new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength), offset: 0 }
  while (reader.offset < chunk.length) {
    const header = parquetHeader(reader)
    const end = reader.offset + header.compressed_page_size
    yield { header, body: chunk.subarray(reader.offset, end) }
    reader.offset = end
  }
}

function fixedPage(
  { type, ...header }: PageHeader,
  body: Uint8Array,
  codec: Codec,
  leaf: SchemaLeaf,
  length: number,
): Page {
  const encoding = header.data_page_header?.encoding
  // Indexes into a dictionary.
  if (encoding === 'RLE_DICTIONARY' || encoding === 'PLAIN_DICTIONARY') return { header: { type, ...header }, body }
  // A dictionary is always plain, whichever of two names its encoding has.
  const isPlain = type === 'DICTIONARY_PAGE' || (type === 'DATA_PAGE' && encoding === 'PLAIN')
  assert(isPlain, `DuckDB writes bytes of version 1 neither as ${type} nor as ${encoding}`)
  const plain = codec.decompress(body, header.uncompressed_page_size)
  const levels = type === 'DATA_PAGE' ? levelBytes(plain, leaf) : 0
  const values = withoutLengths(plain.subarray(levels), length)
  const page = Buffer.concat([plain.subarray(0, levels), values])
  const compressed = codec.compress(page)
  return {
    header: { type, ...header, uncompressed_page_size: page.length, compressed_page_size: compressed.length },
    body: compressed,
  }
}

// Repetition and definition levels, each with its length before it; absent where there is only one level.
function levelBytes(page: Uint8Array, { maxRepetitionLevel, maxDefinitionLevel }: SchemaLeaf): number {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  let at = 0
  for (const level of [maxRepetitionLevel, maxDefinitionLevel]) {
    if (level > 0) at += 4 + view.getUint32(at, true)
  }
  return at
}

function withoutLengths(values: Uint8Array, length: number): Uint8Array {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength)
  const output = new Uint8Array((values.length / (length + 4)) * length)
  let to = 0
  for (let at = 0; at < values.length; at += 4 + length) {
    const found = view.getUint32(at, true)
    if (found !== length) throw new MoraineError('corrupt', `a value of ${found} bytes in a column of ${length} bytes`)
    output.set(values.subarray(at + 4, at + 4 + length), to)
    to += length
  }
  return output
}
