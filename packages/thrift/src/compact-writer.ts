import { assert } from '@moraine/stdx/assert'
import { OutputBuffer } from './output-buffer.ts'
import type { ThriftWriter } from './thrift-writer.ts'
import { WireType } from './wire-type.ts'

/** Thrift's compact protocol (Apache Thrift, thrift-compact-protocol.md), in the forms its own libraries write. */
export class CompactWriter implements ThriftWriter {
  readonly #out = new OutputBuffer()
  readonly #enclosingIds: number[] = []
  #lastId = 0

  structBegin(): void {
    this.#enclosingIds.push(this.#lastId)
    this.#lastId = 0
  }

  field(id: number, type: WireType): void {
    this.#fieldHeader(id, CODE_OF_WIRE_TYPE[type])
  }

  boolField(id: number, value: boolean): void {
    this.#fieldHeader(id, value ? CODE_TRUE : CODE_FALSE)
  }

  structEnd(): void {
    this.#out.byte(0)
    this.#lastId = this.#enclosingIds.pop() ?? 0
  }

  listBegin(elementType: WireType, size: number): void {
    const code = CODE_OF_WIRE_TYPE[elementType]
    if (size < 15) this.#out.byte((size << 4) | code)
    else {
      this.#out.byte(0xf0 | code)
      this.#varint32(size)
    }
  }

  mapBegin(keyType: WireType, valueType: WireType, size: number): void {
    this.#varint32(size)
    if (size > 0) this.#out.byte((CODE_OF_WIRE_TYPE[keyType] << 4) | CODE_OF_WIRE_TYPE[valueType])
  }

  bool(value: boolean): void {
    this.#out.byte(value ? CODE_TRUE : CODE_FALSE)
  }

  i8(value: number): void {
    this.#out.byte(value & 0xff)
  }

  i16(value: number): void {
    this.i32(value)
  }

  i32(value: number): void {
    this.#varint32(((value << 1) ^ (value >> 31)) >>> 0)
  }

  i64(value: bigint): void {
    const small = Number(value)
    if (small >= -SMALL && small <= SMALL) {
      this.safeI64(small)
      return
    }
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    while (rest >= 0x80n) {
      this.#out.byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.#out.byte(Number(rest))
  }

  safeI64(value: number): void {
    assert(Number.isSafeInteger(value), `${value} is an exact integer`)
    if (value < -SMALL || value > SMALL) {
      this.i64(BigInt(value))
      return
    }
    let rest = value < 0 ? -value * 2 - 1 : value * 2
    while (rest >= 0x80) {
      this.#out.byte((rest & 0x7f) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.#out.byte(rest)
  }

  double(value: number): void {
    const at = this.#out.reserve(8)
    this.#out.data.writeDoubleLE(value, at)
  }

  raw(bytes: Uint8Array): void {
    this.#out.bytes(bytes)
  }

  binary(bytes: Uint8Array): void {
    this.#varint32(bytes.length)
    this.#out.bytes(bytes)
  }

  finish(): Uint8Array {
    return this.#out.finish()
  }

  #fieldHeader(id: number, code: number): void {
    const delta = id - this.#lastId
    if (delta > 0 && delta <= 15) this.#out.byte((delta << 4) | code)
    else {
      this.#out.byte(code)
      this.i16(id)
    }
    this.#lastId = id
  }

  #varint32(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.#out.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#out.byte(rest)
  }
}

// Twice this is still an exact number.
const SMALL = 2 ** 51

const CODE_TRUE = 1
const CODE_FALSE = 2

const CODE_OF_WIRE_TYPE: Record<WireType, number> = {
  [WireType.stop]: 0,
  // Of list elements; a field has its value for a code.
  [WireType.bool]: 1,
  [WireType.i8]: 3,
  [WireType.i16]: 4,
  [WireType.i32]: 5,
  [WireType.i64]: 6,
  [WireType.double]: 7,
  [WireType.binary]: 8,
  [WireType.list]: 9,
  [WireType.set]: 10,
  [WireType.map]: 11,
  [WireType.struct]: 12,
  [WireType.uuid]: 13,
}
