import { MoraineError } from '@moraine/stdx/error'

/**
 * Reads Avro's binary encoding (Avro specification, "Binary Encoding") from bytes at hand. Every read checks what is
 * left, so damage ends in a `corrupt` error that names the file, the field being read and the position.
 */
export class ByteCursor {
  readonly bytes: Buffer
  readonly end: number
  position = 0
  /** What is being read, for error messages; set by whoever knows the schema. */
  field = ''
  /** Which value of the file is being read, from 0, for error messages; -1 outside of values. */
  ordinal = -1
  /** How many more values may be made of what is read, see {@link spendValues}. */
  valuesLeft = Number.POSITIVE_INFINITY
  readonly #what: string
  #emptyItems = 0
  #depth = 0

  constructor(bytes: Uint8Array, what: string) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.end = bytes.byteLength
    this.#what = what
  }

  fail(detail: string): never {
    const value = this.ordinal < 0 ? '' : `value ${this.ordinal}, `
    const field = this.field === '' ? '' : `${this.field}: `
    const place = `byte ${this.position} of ${this.end}`
    throw new MoraineError('corrupt', `${this.#what} is damaged: ${value}${field}${detail} (${place})`)
  }

  readByte(): number {
    return this.bytes[this.position++] ?? this.#truncated()
  }

  readBoolean(): boolean {
    const byte = this.readByte()
    if (byte > 1) this.fail(`${byte} is no boolean`)
    return byte === 1
  }

  /** An Avro `int`: 32 bits. */
  readInt(): number {
    const value = this.readLong()
    if (value !== (value | 0)) this.fail(`${value} does not fit 32 bits`)
    return value
  }

  /** An Avro `long` as a number; one beyond 2^53 is refused. Use {@link readBigLong} where that may be. */
  readLong(): number {
    const start = this.position
    let byte = this.readByte()
    let low = byte & 0x7f
    if (byte < 0x80) return (low >>> 1) ^ -(low & 1)
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = this.readByte()
      low |= (byte & 0x7f) << shift
    }
    let high = 0
    for (let shift = 0; byte >= 0x80 && shift < 28; shift += 7) {
      byte = this.readByte()
      high |= (byte & 0x7f) << shift
    }
    // 8 bytes hold 55 bits of magnitude, a number only 53.
    const magnitude = (low >>> 1) + high * 0x8000000
    if (byte >= 0x80 || magnitude > Number.MAX_SAFE_INTEGER) return this.#readLongSlowly(start)
    return (low & 1) === 0 ? magnitude : -magnitude - 1
  }

  #readLongSlowly(start: number): number {
    this.position = start
    const value = this.readBigLong()
    if (!Number.isSafeInteger(Number(value))) this.fail(`${value} is beyond the exact range of numbers`)
    return Number(value)
  }

  /** An Avro `long` with all its 64 bits. */
  readBigLong(): bigint {
    let low = 0
    let high = 0
    let byte = 0x80
    for (let shift = 0; byte >= 0x80; shift += 7) {
      byte = this.readByte()
      if (shift === 63 && byte > 1) this.fail('an integer has more than 64 bits')
      const bits = byte & 0x7f
      if (shift < 32) low |= bits << shift
      if (shift > 21) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32)
    }
    const sign = -(low & 1)
    scratch.setInt32(0, ((low >>> 1) | (high << 31)) ^ sign, true)
    scratch.setInt32(4, (high >>> 1) ^ sign, true)
    return scratch.getBigInt64(0, true)
  }

  readFloat(): number {
    return this.bytes.readFloatLE(this.take(4))
  }

  readDouble(): number {
    return this.bytes.readDoubleLE(this.take(8))
  }

  /** A view of a `bytes` value; copy it to keep it without the block around it. */
  readBytes(): Uint8Array {
    const length = this.readLength()
    return this.readFixed(length)
  }

  /** A view of the next `length` bytes. */
  readFixed(length: number): Uint8Array {
    const start = this.take(length)
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length)
  }

  readString(): string {
    const length = this.readLength()
    const start = this.take(length)
    return this.text(start, start + length)
  }

  /** The UTF-8 text between two positions. */
  text(start: number, end: number): string {
    const text = this.bytes.toString('utf8', start, end)
    // The lenient decoder puts U+FFFD where bytes are no UTF-8; only then is the strict one needed.
    if (text.includes('\ufffd')) {
      try {
        return strictUtf8.decode(this.bytes.subarray(start, end))
      } catch {
        this.fail('a string is not UTF-8')
      }
    }
    return text
  }

  /** A length in bytes, checked against what is left. */
  readLength(): number {
    const length = this.readLong()
    if (length < 0 || length > this.end - this.position) this.fail(`a length of ${length} bytes exceeds what is left`)
    return length
  }

  /** A union's branch, of `branches`. */
  readBranch(branches: number): number {
    const branch = this.readLong()
    if (branch < 0 || branch >= branches) this.fail(`there is no union branch ${branch}`)
    return branch
  }

  /**
   * How many items follow in this block of an array or map; 0 ends it. `itemBytesMin` is the least an item takes, so
   * that a false count cannot cause a long loop or a large allocation.
   */
  readItemCount(itemBytesMin: number): number {
    let count = this.readLong()
    if (count < 0) {
      count = -count
      this.readLength()
    }
    this.checkCount(count, itemBytesMin)
    return count
  }

  /**
   * Skips the items of an array or map; `skipMany` moves past a number of them. Blocks that carry their size in bytes
   * are skipped whole.
   */
  skipItems(itemBytesMin: number, skipMany: (cursor: ByteCursor, count: number) => void): void {
    for (;;) {
      const count = this.readLong()
      if (count === 0) return
      if (count < 0) {
        this.skipBytes()
      } else {
        this.checkCount(count, itemBytesMin)
        skipMany(this, count)
      }
    }
  }

  checkCount(count: number, itemBytesMin: number): void {
    if (itemBytesMin === 0) {
      this.#emptyItems += count
      if (this.#emptyItems > EMPTY_ITEMS_MAX) this.fail(`${count} items without content`)
    } else if (count > (this.end - this.position) / itemBytesMin) {
      this.fail(`${count} items exceed what is left`)
    }
  }

  /** So many values are about to be made; packed, they may have taken next to nothing. */
  spendValues(count: number): void {
    this.valuesLeft -= count
    if (this.valuesLeft < 0) this.fail('it has more values than are read')
  }

  /** Enters a value of a type that contains itself; false data must not exhaust the stack. */
  enter(): void {
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) this.fail(`values are nested more than ${DEPTH_MAX} deep`)
  }

  leave(): void {
    this.#depth -= 1
  }

  skipVarints(count: number): void {
    const { bytes } = this
    let at = this.position
    for (let left = count; left > 0; at += 1) {
      const byte = bytes[at] ?? this.#truncated()
      if (byte < 0x80) left -= 1
    }
    this.position = at
  }

  skipBytes(): void {
    const length = this.readLength()
    this.position += length
  }

  /** Moves past the next `length` bytes and returns where they start. */
  take(length: number): number {
    const start = this.position
    if (length > this.end - start) this.#truncated()
    this.position = start + length
    return start
  }

  #truncated(): never {
    this.fail('the data end here')
  }
}

/** Items that take no bytes (of type null, or of an empty record) tolerated in one block of a file. */
const EMPTY_ITEMS_MAX = 1 << 20

const DEPTH_MAX = 512

const scratch = new DataView(new ArrayBuffer(8))
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
