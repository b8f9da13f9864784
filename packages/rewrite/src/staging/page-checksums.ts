import { crc32 } from 'node:zlib'
import { chunkRange } from '@moraine/parquet/footer/chunk-range'
import type { ParquetFooter } from '@moraine/parquet/footer/parquet-footer'
import { type RangeReader, readRangeReusing } from '@moraine/parquet/range-reader'
import { MoraineError } from '@moraine/stdx/error'
import type { Encoding } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { Encodings } from 'hyparquet/src/constants.js'

/**
 * Checks the CRC-32 that most engines, though not DuckDB, put into page headers. Without it a flipped bit in a page often
 * decodes to another value that nobody doubts, and a rewrite would give it a clean new home.
 *
 * Takes the file's bytes in order; pages without a checksum pass if they have the values that the footer counts.
 */
export class PageChecksums {
  readonly #name: string
  readonly #chunks: readonly Chunk[]
  /** Of the next byte that is pushed. */
  #offset = 0
  #chunk = 0
  /** The beginning of a header whose end has not come yet. */
  #header: Uint8Array = NOTHING
  #page: Page | undefined
  /** Of the chunk's pages so far. */
  #tally: Tally = NO_PAGES

  constructor(footer: ParquetFooter) {
    this.#name = footer.file.name
    this.#chunks = footer.metadata.rowGroups
      .flatMap((group) => group.columns)
      .flatMap(({ metadata }) => {
        if (metadata === undefined) return []
        const { offset, length } = chunkRange(metadata)
        const { numValues: values, totalUncompressedSize: uncompressedBytes, path } = metadata
        const encodings = metadata.encodings.map((code) => Encodings[code])
        return [{ start: offset, end: offset + length, values, uncompressedBytes, encodings, column: path.join('.') }]
      })
      .filter(({ start, end, values }) => end > start && values > 0) // Arrow gives an empty group's chunks odd offsets
      .sort((a, b) => a.start - b.start)
  }

  /** @throws {MoraineError} `corrupt` naming file, column and place of a damaged page; the latter is `context.pageOffset` */
  push(bytes: Uint8Array): void {
    let rest = bytes
    while (rest.length > 0) {
      const taken = this.#take(rest)
      rest = rest.subarray(taken)
      this.#offset += taken
    }
  }

  #take(bytes: Uint8Array): number {
    const chunk = this.#chunks[this.#chunk]
    if (chunk === undefined) return bytes.length
    if (this.#offset < chunk.start) return Math.min(bytes.length, chunk.start - this.#offset)
    const inside = bytes.subarray(0, chunk.end - this.#offset)
    const taken = this.#page === undefined ? this.#takeHeader(inside, chunk) : this.#takeBody(inside, this.#page, chunk)
    if (this.#offset + taken === chunk.end) this.#finishChunk(chunk)
    return taken
  }

  #takeHeader(bytes: Uint8Array, chunk: Chunk): number {
    const before = this.#header.length
    const known = before === 0 ? bytes : Buffer.concat([this.#header, bytes])
    const header = parseHeader(known)
    if (header === undefined) {
      if (known.length > HEADER_BYTES_MAX)
        throw this.#damaged(chunk, this.#offset - before, 'its header cannot be read')
      this.#header = Uint8Array.from(known)
      return bytes.length
    }
    const start = this.#offset - before
    if (header.bodyBytes < 0 || start + header.headerBytes + header.bodyBytes > chunk.end) {
      throw this.#damaged(chunk, start, `it claims ${header.bodyBytes} bytes`)
    }
    this.#header = NOTHING
    const { bodyBytes, crc } = header
    if (crc !== undefined && !isEncodedAs(header, chunk.encodings)) {
      throw this.#damaged(chunk, start, `its encoding ${header.encoding ?? ''} is none that the footer lists`)
    }
    this.#tally = {
      values: this.#tally.values + header.values,
      uncompressedBytes: this.#tally.uncompressedBytes + header.headerBytes + header.uncompressedBytes,
      hasChecksum: this.#tally.hasChecksum || crc !== undefined,
    }
    this.#page = { start, left: bodyBytes, ...(crc !== undefined && { expected: crc >>> 0 }), actual: 0 }
    return header.headerBytes - before
  }

  #takeBody(bytes: Uint8Array, page: Page, chunk: Chunk): number {
    const body = bytes.subarray(0, page.left)
    if (page.expected !== undefined) page.actual = crc32(body, page.actual)
    page.left -= body.length
    if (page.left === 0) {
      if (page.expected !== undefined && page.expected !== page.actual) {
        throw this.#damaged(chunk, page.start, 'its checksum does not match')
      }
      this.#page = undefined
    }
    return body.length
  }

  #finishChunk(chunk: Chunk): void {
    if (this.#header.length > 0 || (this.#page?.left ?? 0) > 0) {
      throw this.#damaged(chunk, chunk.end - this.#header.length, 'it is not whole')
    }
    const { values, uncompressedBytes, hasChecksum } = this.#tally
    if (values !== chunk.values) {
      throw this.#damaged(chunk, chunk.start, `the pages from here on have ${values} of ${chunk.values} values`)
    }
    // Headers are outside of the checksums, and say how pages are decoded. Some writers count this size otherwise.
    if (hasChecksum && uncompressedBytes !== chunk.uncompressedBytes) {
      const sizes = `${uncompressedBytes} instead of ${chunk.uncompressedBytes} uncompressed bytes`
      throw this.#damaged(chunk, chunk.start, `the pages from here on claim ${sizes}`)
    }
    this.#page = undefined
    this.#tally = NO_PAGES
    this.#chunk += 1
  }

  #damaged(chunk: Chunk, at: number, detail: string): MoraineError {
    return new MoraineError(
      'corrupt',
      `${this.#name} is damaged: of column ${chunk.column}, the page at ${at}: ${detail}. Restore the file, or remove it from the table`,
      { context: { pageOffset: at } },
    )
  }
}

/**
 * Reads a file once to check its pages. A file whose first page has no checksum is left unread: writers put them into
 * all pages or into none.
 */
export async function checkPages(reader: RangeReader, footer: ParquetFooter, signal: AbortSignal): Promise<void> {
  const first = footer.metadata.rowGroups[0]?.columns[0]?.metadata
  if (first === undefined) return
  const { offset, length } = chunkRange(first)
  const header = parseHeader(await reader.readRange(offset, Math.min(length, FIRST_HEADER_BYTES), signal))
  if (header !== undefined && header.crc === undefined) return
  const checksums = new PageChecksums(footer)
  const end = footer.file.metadataOffset
  const buffer = Buffer.allocUnsafeSlow(Math.min(PART_BYTES, end))
  for (let at = 0; at < end; at += PART_BYTES) {
    signal.throwIfAborted()
    checksums.push(await readRangeReusing(reader, at, Math.min(PART_BYTES, end - at), buffer, signal))
  }
}

const FIRST_HEADER_BYTES = 16 * 1024
const PART_BYTES = 1024 * 1024

type Chunk = {
  readonly start: number
  readonly end: number
  readonly values: number
  readonly uncompressedBytes: number
  readonly encodings: readonly (Encoding | undefined)[]
  readonly column: string
}
type Tally = { readonly values: number; readonly uncompressedBytes: number; readonly hasChecksum: boolean }
type Page = { readonly start: number; left: number; readonly expected?: number; actual: number }

const NOTHING = new Uint8Array(0)
const NO_PAGES: Tally = { values: 0, uncompressedBytes: 0, hasChecksum: false }
// Headers take some 20 bytes; statistics of long strings can make them longer.
const HEADER_BYTES_MAX = 1024 * 1024

type ParsedHeader = {
  readonly headerBytes: number
  readonly bodyBytes: number
  readonly uncompressedBytes: number
  readonly crc: number | undefined
  /** 0 of a dictionary page. */
  readonly values: number
  /** Of a dictionary page, neither encoding counts. */
  readonly isData: boolean
  /** Unknown ones are undefined. */
  readonly encoding: Encoding | undefined
  readonly levelEncodings: readonly (Encoding | undefined)[]
}

/** `undefined` if the bytes are no whole header, yet or at all: the parser fails in many ways, all of them harmless. */
function parseHeader(bytes: Uint8Array): ParsedHeader | undefined {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
  try {
    const header = parquetHeader(reader)
    const { compressed_page_size: bodyBytes, uncompressed_page_size: uncompressedBytes, crc } = header
    if (!Number.isInteger(bodyBytes) || !Number.isInteger(uncompressedBytes) || reader.offset > bytes.length) {
      return undefined
    }
    const { data_page_header: v1, data_page_header_v2: v2 } = header
    const data = v1 ?? v2
    return {
      headerBytes: reader.offset,
      bodyBytes,
      uncompressedBytes,
      crc,
      values: data?.num_values ?? 0,
      isData: data !== undefined,
      encoding: data?.encoding,
      levelEncodings: v1 === undefined ? [] : [v1.definition_level_encoding, v1.repetition_level_encoding],
    }
  } catch {
    return undefined
  }
}

// The two names of dictionary indexes stand for one another, and not every writer lists how levels are encoded.
function isEncodedAs({ isData, encoding, levelEncodings }: ParsedHeader, listed: readonly unknown[]): boolean {
  if (!isData) return true
  const isIndex = encoding === 'PLAIN_DICTIONARY' || encoding === 'RLE_DICTIONARY'
  const isListed = isIndex
    ? listed.includes('PLAIN_DICTIONARY') || listed.includes('RLE_DICTIONARY')
    : encoding !== undefined && listed.includes(encoding)
  return isListed && levelEncodings.every((level) => level === 'RLE' || level === 'BIT_PACKED')
}
