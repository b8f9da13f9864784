import { unreachable } from '@moraine/stdx/assert'
import { CompactReader } from './compact-reader.ts'
import { CompactWriter } from './compact-writer.ts'
import { corruptThrift, type ReadLimits, type ThriftReader } from './thrift-reader.ts'
import type { ThriftWriter } from './thrift-writer.ts'
import { WireType } from './wire-type.ts'

/**
 * Any Thrift value, without knowledge of its declaration: nothing is dropped, so a struct can be changed in one place
 * and written back with everything else as it was, fields of later versions included. What a Thrift library wrote
 * comes back byte for byte.
 *
 * Values are immutable; edits make new structs ({@link withFields}).
 */
export type ThriftValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'i8' | 'i16' | 'i32'; readonly value: number }
  | { readonly type: 'i64'; readonly value: bigint }
  /** A double keeps its bytes as they are on the wire of its protocol, so that a NaN keeps its payload. */
  | { readonly type: 'double' | 'uuid' | 'binary'; readonly value: Uint8Array }
  | ThriftList
  | ThriftMap
  | ThriftStruct

export type ThriftList = {
  readonly type: 'list' | 'set'
  readonly elementType: WireType
  readonly elements: readonly ThriftValue[]
}

export type ThriftMap = {
  readonly type: 'map'
  readonly keyType: WireType
  readonly valueType: WireType
  readonly entries: readonly (readonly [ThriftValue, ThriftValue])[]
}

export type ThriftStruct = { readonly type: 'struct'; readonly fields: readonly ThriftField[] }
export type ThriftField = { readonly id: number; readonly value: ThriftValue }

/** Decodes a struct of the compact protocol from `position` on. Bytes after it are ignored. */
export function decodeCompactTree(bytes: Uint8Array, position = 0, limits?: ReadLimits): ThriftStruct {
  return readTree(new CompactReader(bytes, position, limits))
}

export function encodeCompactTree(struct: ThriftStruct): Uint8Array {
  const writer = new CompactWriter()
  writeTree(writer, struct)
  return writer.finish()
}

/** @throws {MoraineError} `corrupt`; a field that occurs twice is too, since readers disagree on which one counts. */
export function readTree(reader: ThriftReader): ThriftStruct {
  return readStruct(reader, 1)
}

export function writeTree(writer: ThriftWriter, struct: ThriftStruct): void {
  writer.structBegin()
  for (const { id, value } of struct.fields) {
    if (value.type === 'bool') writer.boolField(id, value.value)
    else {
      writer.field(id, WireType[value.type])
      writeValue(writer, value)
    }
  }
  writer.structEnd()
}

export function findField(struct: ThriftStruct, id: number): ThriftValue | undefined {
  return struct.fields.find((field) => field.id === id)?.value
}

/** The struct with fields replaced, added in the order of ids, or removed (`undefined`). */
export function withFields(
  struct: ThriftStruct,
  changes: Readonly<Record<number, ThriftValue | undefined>>,
): ThriftStruct {
  const fields: ThriftField[] = []
  for (const field of struct.fields) {
    if (!(field.id in changes)) fields.push(field)
    else {
      const value = changes[field.id]
      if (value !== undefined) fields.push({ id: field.id, value })
    }
  }
  for (const key in changes) {
    const value = changes[key]
    const id = Number(key)
    if (value === undefined || fields.some((field) => field.id === id)) continue
    const after = fields.findIndex((field) => field.id > id)
    fields.splice(after < 0 ? fields.length : after, 0, { id, value })
  }
  return { type: 'struct', fields }
}

export function structOf(fields: Readonly<Record<number, ThriftValue | undefined>>): ThriftStruct {
  return withFields(EMPTY_STRUCT, fields)
}

export function structList(elements: readonly ThriftStruct[]): ThriftList {
  return { type: 'list', elementType: WireType.struct, elements }
}

export function textValue(text: string): ThriftValue {
  return { type: 'binary', value: Buffer.from(text) }
}

export function i64Value(value: number | bigint): ThriftValue {
  return { type: 'i64', value: BigInt(value) }
}

/** The structs of a list field; none if the field is absent. */
export function structsOf(struct: ThriftStruct, id: number): readonly ThriftStruct[] {
  const list = findField(struct, id)
  if (list === undefined) return []
  if (list.type !== 'list') throw corruptThrift(`field ${id} is a ${list.type}, not a list`)
  return list.elements.map((element) => {
    if (element.type !== 'struct') throw corruptThrift(`field ${id} holds a ${element.type} among its structs`)
    return element
  })
}

export function structField(struct: ThriftStruct, id: number): ThriftStruct | undefined {
  const value = findField(struct, id)
  if (value === undefined || value.type === 'struct') return value
  throw corruptThrift(`field ${id} is a ${value.type}, not a struct`)
}

export const EMPTY_STRUCT: ThriftStruct = { type: 'struct', fields: [] }

// Structs count against the reader's limit too; this one also bounds containers inside containers.
const MAX_DEPTH = 64

function readStruct(reader: ThriftReader, depth: number): ThriftStruct {
  reader.structBegin()
  if (!reader.nextField()) return EMPTY_STRUCT
  const fields: ThriftField[] = []
  let lastId = Number.NEGATIVE_INFINITY
  // Only needed where ids do not rise, which is rare.
  let seen: Set<number> | undefined
  do {
    const id = reader.fieldId
    if (id <= lastId) {
      seen ??= new Set(fields.map((field) => field.id))
      if (seen.has(id)) throw corruptThrift(`field ${id} occurs twice`)
    }
    seen?.add(id)
    lastId = Math.max(lastId, id)
    fields.push({ id, value: readValue(reader, reader.fieldType, depth + 1) })
  } while (reader.nextField())
  return { type: 'struct', fields }
}

function readValue(reader: ThriftReader, type: WireType, depth: number): ThriftValue {
  if (depth > MAX_DEPTH) throw corruptThrift(`nested deeper than ${MAX_DEPTH}`)
  switch (type) {
    case WireType.bool:
      return { type: 'bool', value: reader.bool() }
    case WireType.i8:
      return { type: 'i8', value: reader.i8() }
    case WireType.i16:
      return { type: 'i16', value: reader.i16() }
    case WireType.i32:
      return { type: 'i32', value: reader.i32() }
    case WireType.i64:
      return { type: 'i64', value: reader.i64() }
    case WireType.double:
      return { type: 'double', value: reader.raw(8) }
    case WireType.uuid:
      return { type: 'uuid', value: reader.raw(16) }
    case WireType.binary:
      return { type: 'binary', value: reader.binary() }
    case WireType.struct:
      return readStruct(reader, depth)
    case WireType.list:
    case WireType.set: {
      const { elementType, size } = reader.listBegin()
      const elements: ThriftValue[] = []
      for (let i = 0; i < size; i += 1) elements.push(readValue(reader, elementType, depth + 1))
      return { type: type === WireType.list ? 'list' : 'set', elementType, elements }
    }
    case WireType.map: {
      const { keyType, valueType, size } = reader.mapBegin()
      const entries: (readonly [ThriftValue, ThriftValue])[] = []
      for (let i = 0; i < size; i += 1) {
        entries.push([readValue(reader, keyType, depth + 1), readValue(reader, valueType, depth + 1)])
      }
      return { type: 'map', keyType, valueType, entries }
    }
    case WireType.stop:
      throw corruptThrift('a container of elements without a type')
    default:
      return unreachable(type)
  }
}

function writeValue(writer: ThriftWriter, value: ThriftValue): void {
  switch (value.type) {
    case 'bool':
      writer.bool(value.value)
      return
    case 'i8':
      writer.i8(value.value)
      return
    case 'i16':
      writer.i16(value.value)
      return
    case 'i32':
      writer.i32(value.value)
      return
    case 'i64':
      writer.i64(value.value)
      return
    case 'double':
    case 'uuid':
      writer.raw(value.value)
      return
    case 'binary':
      writer.binary(value.value)
      return
    case 'struct':
      writeTree(writer, value)
      return
    case 'list':
    case 'set':
      writer.listBegin(value.elementType, value.elements.length)
      for (const element of value.elements) writeValue(writer, element)
      return
    case 'map':
      writer.mapBegin(value.keyType, value.valueType, value.entries.length)
      for (const [key, item] of value.entries) {
        writeValue(writer, key)
        writeValue(writer, item)
      }
      return
    default:
      unreachable(value)
  }
}
