import { MoraineError } from '@moraine/stdx/error'
import type { AvroRecord, AvroSchema, AvroUnion } from './avro-schema.ts'
import { type AvroRecordValue, type AvroValue, optionOf } from './avro-value.ts'
import { ByteCursor } from './byte-cursor.ts'
import type { AvroContainer } from './container-reader.ts'
import { encodedBytesMin } from './encoded-size.ts'

/** Reads one value; damage is a `corrupt` error that names the field. */
export type AvroDecoder = (cursor: ByteCursor) => AvroValue

/** A decoder for values written with this schema, made once and used for all of them. */
export function compileDecoder(schema: AvroSchema): AvroDecoder {
  return compile(schema, new Map())
}

/**
 * All values of a container file, decoded block by block.
 *
 * @param valuesMax how many there may be, fields and items counted: a small file may unpack to more than memory holds
 */
export function* decodeValues(
  container: AvroContainer,
  valuesMax: number = VALUES_MAX,
): Generator<AvroValue, void, undefined> {
  const decode = compileDecoder(container.schema)
  const valueBytesMin = encodedBytesMin(container.schema)
  let ordinal = 0
  let valuesLeft = valuesMax
  for (const block of container.blocks()) {
    const cursor = new ByteCursor(block.bytes, container.what)
    cursor.checkCount(block.count, valueBytesMin)
    cursor.valuesLeft = valuesLeft
    for (let index = 0; index < block.count; index += 1) {
      cursor.ordinal = ordinal
      ordinal += 1
      yield decode(cursor)
    }
    if (cursor.position !== cursor.end) {
      throw new MoraineError('corrupt', `${container.what} is damaged: bytes are left after the last value of a block`)
    }
    valuesLeft = cursor.valuesLeft
  }
}

/** A line of a manifest list has some thirty; so many take a gigabyte or two. */
const VALUES_MAX = 1 << 24

type Records = Map<AvroRecord, { decode: AvroDecoder }>

function compile(schema: AvroSchema, records: Records): AvroDecoder {
  switch (schema.kind) {
    case 'null':
      return () => null
    case 'boolean':
      return (cursor) => cursor.readBoolean()
    case 'int':
      return (cursor) => cursor.readInt()
    case 'long':
      return (cursor) => cursor.readBigLong()
    case 'float':
      return (cursor) => cursor.readFloat()
    case 'double':
      return (cursor) => cursor.readDouble()
    case 'bytes':
      return (cursor) => cursor.readBytes()
    case 'string':
      return (cursor) => cursor.readString()
    case 'fixed':
      return (cursor) => cursor.readFixed(schema.size)
    case 'enum':
      return (cursor) => schema.symbols[cursor.readInt()] ?? cursor.fail(`an enum "${schema.name}" has no such symbol`)
    case 'array':
      return compileArray(compile(schema.items, records), encodedBytesMin(schema.items))
    case 'map':
      return compileMap(compile(schema.values, records), encodedBytesMin(schema.values))
    case 'union':
      return compileUnion(schema, records)
    case 'record':
      return compileRecord(schema, records)
  }
}

function compileArray(decodeItem: AvroDecoder, itemBytesMin: number): AvroDecoder {
  return (cursor) => {
    const items: AvroValue[] = []
    for (let count = cursor.readItemCount(itemBytesMin); count > 0; count = cursor.readItemCount(itemBytesMin)) {
      cursor.spendValues(count)
      for (let index = 0; index < count; index += 1) items.push(decodeItem(cursor))
    }
    return items
  }
}

function compileMap(decodeValue: AvroDecoder, valueBytesMin: number): AvroDecoder {
  return (cursor) => {
    const map = new Map<string, AvroValue>()
    for (let count = cursor.readItemCount(1 + valueBytesMin); count > 0; ) {
      cursor.spendValues(count)
      for (let index = 0; index < count; index += 1) {
        const key = cursor.readString()
        map.set(key, decodeValue(cursor))
      }
      count = cursor.readItemCount(1 + valueBytesMin)
    }
    return map
  }
}

function compileUnion(union: AvroUnion, records: Records): AvroDecoder {
  const option = optionOf(union)
  if (option !== undefined) {
    const decode = compile(option.schema, records)
    return (cursor) => (cursor.readBranch(2) === option.nullBranch ? null : decode(cursor))
  }
  const decoders = union.branches.map((branch) => compile(branch, records))
  return (cursor) => {
    const branch = cursor.readBranch(decoders.length)
    return { branch, value: decoders[branch]?.(cursor) ?? null }
  }
}

function compileRecord(record: AvroRecord, records: Records): AvroDecoder {
  const known = records.get(record)
  if (known !== undefined) return (cursor) => descend(cursor, known.decode)
  const slot = { decode: (cursor: ByteCursor): AvroValue => cursor.fail('a record contains itself') }
  records.set(record, slot)
  const fields = record.fields.map((field) => ({ name: field.name, decode: compile(field.schema, records) }))
  const isEmpty = encodedBytesMin(record) === 0
  slot.decode = (cursor) => {
    if (isEmpty) cursor.checkCount(1, 0)
    cursor.spendValues(fields.length)
    const value: { [field: string]: AvroValue } = Object.create(null)
    for (const field of fields) {
      cursor.field = field.name
      value[field.name] = field.decode(cursor)
    }
    return value satisfies AvroRecordValue
  }
  return slot.decode
}

function descend(cursor: ByteCursor, decode: AvroDecoder): AvroValue {
  cursor.enter()
  const value = decode(cursor)
  cursor.leave()
  return value
}
