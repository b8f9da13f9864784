import { assert } from '@moraine/stdx/assert'

/** Writes Avro's binary encoding (Avro specification, "Binary Encoding") into a buffer that grows. */
export class ByteSink {
  #bytes: Buffer
  #length = 0

  constructor(initialBytes = 1 << 12) {
    this.#bytes = Buffer.allocUnsafe(initialBytes)
  }

  get length(): number {
    return this.#length
  }

  /** A view of what was written, valid until the next write. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return new Uint8Array(this.view())
  }

  /** Forgets what was written after the first `length` bytes; the memory is kept for what comes next. */
  truncate(length: number): void {
    assert(length <= this.#length, 'a sink is truncated to more than it holds')
    this.#length = length
  }

  writeByte(value: number): void {
    const at = this.#room(1)
    this.#bytes[at] = value
    this.#length = at + 1
  }

  writeBoolean(value: boolean): void {
    this.writeByte(value ? 1 : 0)
  }

  /** An Avro `int` or `long`; the number must be a safe integer. */
  writeLong(value: number): void {
    // The message of an assertion would be built every time.
    if (!Number.isSafeInteger(value)) assert(false, `${value} is no exact integer`)
    let at = this.#room(VARINT_BYTES_MAX)
    const bytes = this.#bytes
    let rest: number
    if (value >= -0x40000000 && value < 0x40000000) {
      rest = (value << 1) ^ (value >> 31)
    } else {
      // Shifts work on 32 bits: the zigzag value is split into its low 28 bits and the rest, which is not zero.
      const magnitude = value < 0 ? -(value + 1) : value
      let low = (magnitude % 0x8000000) * 2 + (value < 0 ? 1 : 0)
      for (let group = 0; group < 4; group += 1) {
        bytes[at++] = (low & 0x7f) | 0x80
        low >>>= 7
      }
      rest = Math.floor(magnitude / 0x8000000)
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.#length = at
  }

  /** An Avro `long` with all its 64 bits. */
  writeBigLong(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) assert(false, `${value} does not fit 64 bits`)
    scratch.setBigInt64(0, value)
    const high = scratch.getInt32(0)
    const sign = high >> 31
    let low = (scratch.getInt32(4) << 1) ^ sign
    let rest = ((high << 1) | (scratch.getInt32(4) >>> 31)) ^ sign
    let at = this.#room(VARINT_BYTES_MAX)
    while (rest !== 0 || low >>> 0 > 0x7f) {
      this.#bytes[at++] = (low & 0x7f) | 0x80
      low = (low >>> 7) | (rest << 25)
      rest >>>= 7
    }
    this.#bytes[at++] = low
    this.#length = at
  }

  writeFloat(value: number): void {
    const at = this.#room(4)
    this.#length = this.#bytes.writeFloatLE(value, at)
  }

  writeDouble(value: number): void {
    const at = this.#room(8)
    this.#length = this.#bytes.writeDoubleLE(value, at)
  }

  /** An Avro `bytes` value: its length and its content. */
  writeBytes(value: Uint8Array): void {
    this.writeLong(value.length)
    this.writeFixed(value)
  }

  /** Content alone, as of a `fixed` value. */
  writeFixed(value: Uint8Array): void {
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
    this.#length = at + value.length
  }

  writeString(value: string): void {
    const length = Buffer.byteLength(value, 'utf8')
    this.writeLong(length)
    const at = this.#room(length)
    this.#bytes.write(value, at, length, 'utf8')
    this.#length = at + length
  }

  /** Makes sure of `bytes` more and returns the position to write at. */
  #room(bytes: number): number {
    const needed = this.#length + bytes
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.view())
      this.#bytes = grown
    }
    return this.#length
  }
}

const VARINT_BYTES_MAX = 10
const scratch = new DataView(new ArrayBuffer(8))
