import { assert } from '@moraine/stdx/assert'
import { OutputBuffer } from './output-buffer.ts'
import type { ThriftWriter } from './thrift-writer.ts'
import { WireType } from './wire-type.ts'

/** Thrift's binary protocol (Apache Thrift, thrift-binary-protocol.md): fixed-width, big-endian. */
export class BinaryWriter implements ThriftWriter {
  readonly #out = new OutputBuffer()

  structBegin(): void {
    // A struct is its fields and a stop.
  }

  field(id: number, type: WireType): void {
    const at = this.#out.reserve(3)
    this.#out.data[at] = type
    this.#out.data.writeInt16BE(id, at + 1)
  }

  boolField(id: number, value: boolean): void {
    this.field(id, WireType.bool)
    this.bool(value)
  }

  structEnd(): void {
    this.#out.byte(WireType.stop)
  }

  listBegin(elementType: WireType, size: number): void {
    this.#out.byte(elementType)
    this.i32(size)
  }

  mapBegin(keyType: WireType, valueType: WireType, size: number): void {
    this.#out.byte(keyType)
    this.#out.byte(valueType)
    this.i32(size)
  }

  bool(value: boolean): void {
    this.#out.byte(value ? 1 : 0)
  }

  i8(value: number): void {
    this.#out.byte(value & 0xff)
  }

  i16(value: number): void {
    const at = this.#out.reserve(2)
    this.#out.data.writeInt16BE(value, at)
  }

  i32(value: number): void {
    const at = this.#out.reserve(4)
    this.#out.data.writeInt32BE(value, at)
  }

  i64(value: bigint): void {
    const at = this.#out.reserve(8)
    this.#out.data.writeBigInt64BE(value, at)
  }

  safeI64(value: number): void {
    assert(Number.isSafeInteger(value), `${value} is an exact integer`)
    const at = this.#out.reserve(8)
    this.#out.data.writeInt32BE(Math.floor(value / 0x100000000), at)
    this.#out.data.writeUInt32BE(value >>> 0, at + 4)
  }

  double(value: number): void {
    const at = this.#out.reserve(8)
    this.#out.data.writeDoubleBE(value, at)
  }

  raw(bytes: Uint8Array): void {
    this.#out.bytes(bytes)
  }

  binary(bytes: Uint8Array): void {
    this.i32(bytes.length)
    this.#out.bytes(bytes)
  }

  finish(): Uint8Array {
    return this.#out.finish()
  }
}
