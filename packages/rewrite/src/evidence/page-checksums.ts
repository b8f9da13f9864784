import { crc32 } from 'node:zlib'
import { chunkRange } from '@moraine/parquet/footer/chunk-range'
import type { ParquetFooter } from '@moraine/parquet/footer/parquet-footer'
import type { RangeReader } from '@moraine/parquet/range-reader'
import { MoraineError } from '@moraine/stdx/error'
import { parquetHeader } from 'hyparquet/src/column.js'

/**
 * Checks the CRC-32 that most engines, though not DuckDB, put into page headers. Without it a flipped bit in a page often
 * decodes to another value that nobody doubts, and a rewrite would give it a clean new home.
 *
 * Takes the file's bytes in order; pages without a checksum pass.
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

  constructor(footer: ParquetFooter) {
    this.#name = footer.file.name
    this.#chunks = footer.metadata.rowGroups
      .flatMap((group) => group.columns)
      .flatMap(({ metadata }) => {
        if (metadata === undefined) return []
        const { offset, length } = chunkRange(metadata)
        return [{ start: offset, end: offset + length, column: metadata.path.join('.') }]
      })
      .filter(({ start, end }) => end > start)
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
    this.#page = undefined
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
  for (let at = 0; at < footer.file.metadataOffset; at += PART_BYTES) {
    signal.throwIfAborted()
    checksums.push(await reader.readRange(at, Math.min(PART_BYTES, footer.file.metadataOffset - at), signal))
  }
}

const FIRST_HEADER_BYTES = 16 * 1024
const PART_BYTES = 1024 * 1024

type Chunk = { readonly start: number; readonly end: number; readonly column: string }
type Page = { readonly start: number; left: number; readonly expected?: number; actual: number }

const NOTHING = new Uint8Array(0)
// Headers take some 20 bytes; statistics of long strings can make them longer.
const HEADER_BYTES_MAX = 1024 * 1024

type ParsedHeader = { readonly headerBytes: number; readonly bodyBytes: number; readonly crc: number | undefined }

/** `undefined` if the bytes are no whole header, yet or at all: the parser fails in many ways, all of them harmless. */
function parseHeader(bytes: Uint8Array): ParsedHeader | undefined {
  const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 }
  try {
    const { compressed_page_size: bodyBytes, crc } = parquetHeader(reader)
    if (!Number.isInteger(bodyBytes) || reader.offset > bytes.length) return undefined
    return { headerBytes: reader.offset, bodyBytes, crc }
  } catch {
    return undefined
  }
}
