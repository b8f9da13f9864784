import type { WireType } from './wire-type.ts'

/** Writes one Thrift value after the other; implemented by the compact and the binary protocol. */
export interface ThriftWriter {
  structBegin(): void
  /** Before a field's value, of any type but bool. */
  field(id: number, type: WireType): void
  /** A whole bool field: the compact protocol keeps the value in the field's header. */
  boolField(id: number, value: boolean): void
  structEnd(): void
  listBegin(elementType: WireType, size: number): void
  mapBegin(keyType: WireType, valueType: WireType, size: number): void

  bool(value: boolean): void
  i8(value: number): void
  i16(value: number): void
  i32(value: number): void
  i64(value: bigint): void
  safeI64(value: number): void
  double(value: number): void
  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): void
  /** Length-prefixed bytes. */
  binary(bytes: Uint8Array): void
  /** Everything written so far. The writer must not be used afterwards. */
  finish(): Uint8Array
}
