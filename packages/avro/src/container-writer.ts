import { createHash } from 'node:crypto'
import { type AvroCompression, compressBlock, DEFAULT_COMPRESSION } from './block-codec.ts'
import { ByteSink } from './byte-sink.ts'
import { AVRO_MAGIC, SYNC_BYTES } from './container-reader.ts'

export type ContainerWriterOptions = {
  /** JSON text; what is written to the sink must follow it. */
  readonly schemaText: string
  readonly metadata?: Iterable<readonly [string, string]>
  readonly compression?: AvroCompression
  /** A block is closed when its encoded values reach this size. */
  readonly blockBytes?: number
}

/**
 * Writes an object container file in memory. Encode one value into `sink`, then call `endValue`.
 *
 * The same input gives the same bytes: the sync marker is a hash of the header, not a random number.
 */
export class ContainerWriter {
  /** Takes the encoded values of the open block. */
  readonly sink = new ByteSink(1 << 16)
  readonly #output = new ByteSink(1 << 16)
  readonly #sync: Uint8Array
  readonly #compression: AvroCompression
  readonly #blockBytes: number
  #count = 0

  constructor(options: ContainerWriterOptions) {
    this.#compression = options.compression ?? DEFAULT_COMPRESSION
    this.#blockBytes = options.blockBytes ?? DEFAULT_BLOCK_BYTES
    const metadata = new Map(options.metadata)
    metadata.set('avro.schema', options.schemaText)
    metadata.set('avro.codec', this.#compression.codec)
    this.#writeHeader(metadata)
    this.#sync = createHash('sha256').update(this.#output.view()).digest().subarray(0, SYNC_BYTES)
    this.#output.writeFixed(this.#sync)
  }

  /** Bytes of the file so far; the open block counts as if it were not compressed. */
  get length(): number {
    return this.#output.length + this.sink.length
  }

  /** Ends the value just encoded into the sink. */
  endValue(): void {
    this.#count += 1
    if (this.sink.length >= this.#blockBytes) this.#endBlock()
  }

  /** The whole file. Nothing may be written after it. */
  finish(): Uint8Array {
    if (this.#count > 0) this.#endBlock()
    return this.#output.toBytes()
  }

  #writeHeader(metadata: ReadonlyMap<string, string>): void {
    this.#output.writeFixed(AVRO_MAGIC)
    this.#output.writeLong(metadata.size)
    for (const [key, value] of metadata) {
      this.#output.writeString(key)
      this.#output.writeString(value)
    }
    this.#output.writeLong(0)
  }

  #endBlock(): void {
    this.#output.writeLong(this.#count)
    this.#output.writeBytes(compressBlock(this.sink.view(), this.#compression))
    this.#output.writeFixed(this.#sync)
    this.sink.truncate(0)
    this.#count = 0
  }
}

const DEFAULT_BLOCK_BYTES = 64_000
