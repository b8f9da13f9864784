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

/** Thrift's binary protocol (Apache Thrift, thrift-binary-protocol.md): fixed-width, big-endian. */
export class BinaryReader implements ThriftReader {
  position: number
  fieldId = 0
  fieldType: WireType = WireType.stop

  readonly #bytes: Buffer
  readonly #budget: ReadBudget

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
  }

  nextField(): boolean {
    const code = this.#bytes.readUInt8(this.#take(1))
    if (code === WireType.stop) {
      this.#budget.leave()
      return false
    }
    this.fieldType = this.#wireType(code)
    this.fieldId = this.i16()
    return true
  }

  listBegin(): { elementType: WireType; size: number } {
    const code = this.#bytes.readUInt8(this.#take(1))
    const size = this.#size()
    // An empty container may carry any types, even none.
    if (size === 0) return { elementType: knownOrStop(code), size }
    const elementType = this.#wireType(code)
    this.#countElements(size, size * LEAST_BYTES[elementType])
    return { elementType, size }
  }

  mapBegin(): { keyType: WireType; valueType: WireType; size: number } {
    const codes = this.#take(2)
    const size = this.#size()
    const keyCode = this.#bytes.readUInt8(codes)
    const valueCode = this.#bytes.readUInt8(codes + 1)
    if (size === 0) return { keyType: knownOrStop(keyCode), valueType: knownOrStop(valueCode), size }
    const keyType = this.#wireType(keyCode)
    const valueType = this.#wireType(valueCode)
    this.#countElements(size, size * (LEAST_BYTES[keyType] + LEAST_BYTES[valueType]))
    return { keyType, valueType, size }
  }

  bool(): boolean {
    const value = this.#bytes.readUInt8(this.#take(1))
    if (value > 1) throw corruptThrift(`bool ${value} at byte ${this.position - 1}`)
    return value === 1
  }

  i8(): number {
    return this.#bytes.readInt8(this.#take(1))
  }

  i16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  i64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  safeI64(): number {
    const at = this.#take(8)
    const value = this.#bytes.readInt32BE(at) * 0x100000000 + this.#bytes.readUInt32BE(at + 4)
    if (!Number.isSafeInteger(value)) throw corruptThrift(`an integer beyond 2^53 before byte ${this.position}`)
    return value
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8))
  }

  raw(length: number): Uint8Array {
    const at = this.#take(length)
    return this.#bytes.subarray(at, at + length)
  }

  binary(): Uint8Array {
    return this.raw(this.#size())
  }

  skip(type: WireType): void {
    switch (type) {
      case WireType.bool:
      case WireType.i8:
      case WireType.i16:
      case WireType.i32:
      case WireType.i64:
      case WireType.double:
      case WireType.uuid:
        this.#take(LEAST_BYTES[type])
        return
      case WireType.binary:
        this.#take(this.#size())
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
    if (!KNOWN_TYPES.has(code) || code === WireType.stop)
      throw corruptThrift(`type code ${code} at byte ${this.position}`)
    return code as WireType
  }

  #size(): number {
    const size = this.i32()
    if (size < 0) throw corruptThrift(`a size of ${size} before byte ${this.position}`)
    return size
  }

  #take(length: number): number {
    const at = this.position
    if (length > this.#bytes.length - at) throw truncatedThrift(at)
    this.position = at + length
    return at
  }
}

const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(WireType))

function knownOrStop(code: number): WireType {
  return KNOWN_TYPES.has(code) ? (code as WireType) : WireType.stop
}

const LEAST_BYTES: Record<WireType, number> = {
  [WireType.stop]: 0,
  [WireType.bool]: 1,
  [WireType.i8]: 1,
  [WireType.double]: 8,
  [WireType.i16]: 2,
  [WireType.i32]: 4,
  [WireType.i64]: 8,
  [WireType.binary]: 4,
  [WireType.struct]: 1,
  [WireType.map]: 6,
  [WireType.set]: 5,
  [WireType.list]: 5,
  [WireType.uuid]: 16,
}
