import { unreachable } from '@moraine/stdx/assert'
import { ReadBudget } from './read-budget.ts'
import { skipNested } from './skip-nested.ts'
import {
  corruptThrift,
  DEFAULT_READ_LIMITS,
  type ReadLimits,
  type ThriftReader,
  truncatedThrift,
} from './thrift-reader.ts'
import { WireType } from './wire-type.ts'

/** Thrift's compact protocol (Apache Thrift, thrift-compact-protocol.md). */
export class CompactReader implements ThriftReader {
  position: number
  fieldId = 0
  fieldType: WireType = WireType.stop

  readonly #bytes: Buffer
  readonly #budget: ReadBudget
  // The ids of the fields that enclose the present struct; the compact protocol writes ids as differences.
  readonly #enclosingIds: number[] = []
  // A bool field's value is in its header.
  #headerBool: boolean | undefined
  // The halves of the 64-bit integer read last.
  #low = 0
  #high = 0

  constructor(bytes: Uint8Array, position = 0, limits: ReadLimits = DEFAULT_READ_LIMITS) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.position = position
    this.#budget = new ReadBudget(limits)
  }

  get remaining(): number {
    return this.#bytes.length - this.position
  }

  structBegin(): void {
    this.#budget.enter()
    this.#enclosingIds.push(this.fieldId)
    this.fieldId = 0
  }

  nextField(): boolean {
    const header = this.#byte()
    const code = header & 0x0f
    if (code === 0) {
      this.fieldId = this.#enclosingIds.pop() ?? 0
      this.#budget.leave()
      return false
    }
    this.fieldId = header >> 4 === 0 ? this.i16() : this.fieldId + (header >> 4)
    if (this.fieldId > 0x7fff) throw corruptThrift(`field id ${this.fieldId} at byte ${this.position}`)
    this.fieldType = this.#wireType(code)
    this.#headerBool = code === CODE_TRUE ? true : code === CODE_FALSE ? false : undefined
    return true
  }

  listBegin(): { elementType: WireType; size: number } {
    const header = this.#byte()
    const short = header >> 4
    const size = short === 15 ? this.#varint32() : short
    // An empty list may carry any element type, even none.
    if (size === 0) return { elementType: WIRE_TYPE_OF_CODE[header & 0x0f] ?? WireType.stop, size }
    this.#countElements(size, size)
    return { elementType: this.#wireType(header & 0x0f), size }
  }

  mapBegin(): { keyType: WireType; valueType: WireType; size: number } {
    const size = this.#varint32()
    if (size === 0) return { keyType: WireType.stop, valueType: WireType.stop, size }
    this.#countElements(size, 2 * size)
    const types = this.#byte()
    return { keyType: this.#wireType(types >> 4), valueType: this.#wireType(types & 0x0f), size }
  }

  bool(): boolean {
    const inHeader = this.#headerBool
    if (inHeader !== undefined) {
      this.#headerBool = undefined
      return inHeader
    }
    // In a list: 1 is true, and writers disagree whether 2 or 0 is false.
    const value = this.#byte()
    if (value > 2) throw corruptThrift(`bool ${value} at byte ${this.position - 1}`)
    return value === 1
  }

  i8(): number {
    return (this.#byte() << 24) >> 24
  }

  i16(): number {
    const value = this.i32()
    if (value < -0x8000 || value > 0x7fff) throw corruptThrift(`i16 of value ${value} at byte ${this.position}`)
    return value
  }

  i32(): number {
    const value = this.#varint32()
    return (value >>> 1) ^ -(value & 1)
  }

  i64(): bigint {
    this.#zigzag64()
    const high = this.#high
    return high >= -0x200000 && high < 0x200000
      ? BigInt(high * 0x100000000 + this.#low)
      : (BigInt(high) << 32n) | BigInt(this.#low)
  }

  safeI64(): number {
    this.#zigzag64()
    const value = this.#high * 0x100000000 + this.#low
    if (!Number.isSafeInteger(value)) throw corruptThrift(`an integer beyond 2^53 before byte ${this.position}`)
    return value
  }

  double(): number {
    const at = this.#take(8)
    return this.#bytes.readDoubleLE(at)
  }

  raw(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  binary(): Uint8Array {
    return this.raw(this.#varint32())
  }

  skip(type: WireType): void {
    switch (type) {
      case WireType.bool:
        this.bool()
        return
      case WireType.i8:
        this.#take(1)
        return
      case WireType.i16:
      case WireType.i32:
      case WireType.i64:
        this.#varint64()
        return
      case WireType.double:
        this.#take(8)
        return
      case WireType.uuid:
        this.#take(16)
        return
      case WireType.binary:
        this.#take(this.#varint32())
        return
      case WireType.struct:
      case WireType.list:
      case WireType.set:
      case WireType.map:
      case WireType.stop:
        skipNested(this, type, this.#budget)
        return
      default:
        unreachable(type)
    }
  }

  #countElements(size: number, leastBytes: number): void {
    if (leastBytes > this.remaining) throw truncatedThrift(this.position)
    this.#budget.countElements(size)
  }

  #wireType(code: number): WireType {
    const type = WIRE_TYPE_OF_CODE[code]
    if (type === undefined) throw corruptThrift(`compact type code ${code} at byte ${this.position}`)
    return type
  }

  #take(length: number): number {
    const at = this.position
    if (length > this.#bytes.length - at) throw truncatedThrift(at)
    this.position = at + length
    return at
  }

  #byte(): number {
    const value = this.#bytes[this.position]
    if (value === undefined) throw truncatedThrift(this.position)
    this.position += 1
    return value
  }

  // Unsigned.
  #varint32(): number {
    let value = this.#byte()
    if (value < 0x80) return value
    value &= 0x7f
    for (let shift = 7; shift < 35; shift += 7) {
      const next = this.#byte()
      if (shift === 28 && next > 0x0f) break
      value |= (next & 0x7f) << shift
      if (next < 0x80) return value >>> 0
    }
    throw corruptThrift(`a 32-bit integer with more bits before byte ${this.position}`)
  }

  // Sets the halves: the low one unsigned, the high one as it comes.
  #varint64(): void {
    let low = 0
    let high = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const next = this.#byte()
      const bits = next & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >> 4
      } else {
        if (shift === 63 && next > 1) break
        high |= bits << (shift - 32)
      }
      if (next < 0x80) {
        this.#low = low >>> 0
        this.#high = high
        return
      }
    }
    throw corruptThrift(`a 64-bit integer with more bits before byte ${this.position}`)
  }

  #zigzag64(): void {
    this.#varint64()
    const sign = -(this.#low & 1)
    const low = ((this.#low >>> 1) | (this.#high << 31)) ^ sign
    this.#high = (this.#high >>> 1) ^ sign
    this.#low = low >>> 0
  }
}

const CODE_TRUE = 1
const CODE_FALSE = 2

const WIRE_TYPE_OF_CODE: readonly (WireType | undefined)[] = [
  undefined,
  WireType.bool,
  WireType.bool,
  WireType.i8,
  WireType.i16,
  WireType.i32,
  WireType.i64,
  WireType.double,
  WireType.binary,
  WireType.list,
  WireType.set,
  WireType.map,
  WireType.struct,
  WireType.uuid,
]
