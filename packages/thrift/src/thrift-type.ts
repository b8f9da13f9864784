import { MoraineError } from '@moraine/stdx/error'
import { CompactReader } from './compact-reader.ts'
import { CompactWriter } from './compact-writer.ts'
import { corruptThrift, type ReadLimits, type ThriftReader } from './thrift-reader.ts'
import type { ThriftWriter } from './thrift-writer.ts'
import { WireType, wireTypeName } from './wire-type.ts'

/** How values of a TypeScript type travel in Thrift, in either protocol. Structs are built with `struct` (struct.ts). */
export type ThriftType<T> = {
  readonly wireType: WireType
  /** @throws {MoraineError} `corrupt` */
  read(reader: ThriftReader): T
  write(writer: ThriftWriter, value: T): void
}

/** The TypeScript type of a Thrift type: `type Task = ValueOf<typeof task>`. */
export type ValueOf<Type> = Type extends ThriftType<infer T> ? T : never

export const bool: ThriftType<boolean> = {
  wireType: WireType.bool,
  read: (reader) => reader.bool(),
  write: (writer, value) => writer.bool(value),
}

export const i8: ThriftType<number> = {
  wireType: WireType.i8,
  read: (reader) => reader.i8(),
  write: (writer, value) => writer.i8(inRange(value, 0x7f, 'i8')),
}

export const i16: ThriftType<number> = {
  wireType: WireType.i16,
  read: (reader) => reader.i16(),
  write: (writer, value) => writer.i16(inRange(value, 0x7fff, 'i16')),
}

/** Also for enums. */
export const i32: ThriftType<number> = {
  wireType: WireType.i32,
  read: (reader) => reader.i32(),
  write: (writer, value) => writer.i32(inRange(value, 0x7fffffff, 'i32')),
}

export const i64: ThriftType<bigint> = {
  wireType: WireType.i64,
  read: (reader) => reader.i64(),
  write: (writer, value) => {
    if (BigInt.asIntN(64, value) !== value) throw new MoraineError('invalid-input', `${value} does not fit into an i64`)
    writer.i64(value)
  },
}

/** An i64 on the wire that must be exact as a number: sizes, counts, milliseconds. Beyond 2^53 it is `corrupt`. */
export const safeI64: ThriftType<number> = {
  wireType: WireType.i64,
  read: (reader) => reader.safeI64(),
  write: (writer, value) => writer.safeI64(value),
}

export const double: ThriftType<number> = {
  wireType: WireType.double,
  read: (reader) => reader.double(),
  write: (writer, value) => writer.double(value),
}

/** Views into the message: copy what must outlive it. */
export const binary: ThriftType<Uint8Array> = {
  wireType: WireType.binary,
  read: (reader) => reader.binary(),
  write: (writer, value) => writer.binary(value),
}

/** UTF-8; anything else is `corrupt`, since two different texts could otherwise become equal. */
export const string: ThriftType<string> = {
  wireType: WireType.binary,
  read: (reader) => decodeUtf8(reader.binary()),
  write: (writer, value) => writer.binary(Buffer.from(value)),
}

export function list<T>(element: ThriftType<T>): ThriftType<readonly T[]> {
  return sequence(WireType.list, element)
}

/** Kept as an array: Thrift sets may hold structs, for which JavaScript has no equality. */
export function set<T>(element: ThriftType<T>): ThriftType<readonly T[]> {
  return sequence(WireType.set, element)
}

export function map<K, V>(key: ThriftType<K>, value: ThriftType<V>): ThriftType<ReadonlyMap<K, V>> {
  return {
    wireType: WireType.map,
    read(reader) {
      const { keyType, valueType, size } = reader.mapBegin()
      if (size > 0) {
        expectType('map key', keyType, key.wireType)
        expectType('map value', valueType, value.wireType)
      }
      const entries = new Map<K, V>()
      for (let i = 0; i < size; i += 1) entries.set(key.read(reader), value.read(reader))
      return entries
    },
    write(writer, entries) {
      writer.mapBegin(key.wireType, value.wireType, entries.size)
      for (const [k, v] of entries) {
        key.write(writer, k)
        value.write(writer, v)
      }
    },
  }
}

export function decodeCompact<T>(type: ThriftType<T>, bytes: Uint8Array, position = 0, limits?: ReadLimits): T {
  return type.read(new CompactReader(bytes, position, limits))
}

export function encodeCompact<T>(type: ThriftType<T>, value: T): Uint8Array {
  const writer = new CompactWriter()
  type.write(writer, value)
  return writer.finish()
}

export function expectType(what: string, found: WireType, expected: WireType): void {
  if (found !== expected) {
    throw corruptThrift(`${what} is of type ${wireTypeName(found)}, expected ${wireTypeName(expected)}`)
  }
}

function sequence<T>(wireType: WireType, element: ThriftType<T>): ThriftType<readonly T[]> {
  return {
    wireType,
    read(reader) {
      const { elementType, size } = reader.listBegin()
      if (size > 0) expectType('an element', elementType, element.wireType)
      const elements: T[] = []
      for (let i = 0; i < size; i += 1) elements.push(element.read(reader))
      return elements
    },
    write(writer, elements) {
      writer.listBegin(element.wireType, elements.length)
      for (const item of elements) element.write(writer, item)
    },
  }
}

function inRange(value: number, max: number, what: string): number {
  if (!Number.isInteger(value) || value > max || value < -max - 1) {
    throw new MoraineError('invalid-input', `${value} does not fit into an ${what}`)
  }
  return value
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  // Only a text with the replacement character may have been damaged by the lenient, faster decoder.
  if (!text.includes('\ufffd')) return text
  try {
    return strictUtf8.decode(bytes)
  } catch (cause) {
    throw new MoraineError('corrupt', 'damaged Thrift data: a string is not UTF-8', { cause })
  }
}
