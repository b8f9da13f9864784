import { MoraineError } from '@moraine/stdx/error'
import type { AvroRecord, AvroSchema, AvroUnion } from '../avro-schema.ts'
import { type AvroRecordValue, type AvroUnionValue, type AvroValue, optionOf } from '../avro-value.ts'
import type { ByteSink } from '../byte-sink.ts'

/** Writes one value; one that does not fit the schema is `invalid-input` and names the field. */
export type AvroEncoder = (value: AvroValue, sink: ByteSink) => void

export function compileEncoder(schema: AvroSchema): AvroEncoder {
  return compile(schema, schema.kind, new Map())
}

type Records = Map<AvroRecord, { encode: AvroEncoder }>

function compile(schema: AvroSchema, path: string, records: Records): AvroEncoder {
  const bad = (value: AvroValue): never => misfit(path, schema, value)
  switch (schema.kind) {
    case 'null':
      return (value) => (value === null ? undefined : bad(value))
    case 'boolean':
      return (value, sink) => (typeof value === 'boolean' ? sink.writeBoolean(value) : bad(value))
    case 'int':
      return (value, sink) => (typeof value === 'number' && value === (value | 0) ? sink.writeLong(value) : bad(value))
    case 'long':
      return (value, sink) => {
        if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) sink.writeBigLong(value)
        else if (Number.isSafeInteger(value)) sink.writeLong(value as number)
        else bad(value)
      }
    case 'float':
      return (value, sink) => (typeof value === 'number' ? sink.writeFloat(value) : bad(value))
    case 'double':
      return (value, sink) => (typeof value === 'number' ? sink.writeDouble(value) : bad(value))
    case 'bytes':
      return (value, sink) => (value instanceof Uint8Array ? sink.writeBytes(value) : bad(value))
    case 'string':
      return (value, sink) => (typeof value === 'string' ? sink.writeString(value) : bad(value))
    case 'fixed':
      return (value, sink) =>
        value instanceof Uint8Array && value.length === schema.size ? sink.writeFixed(value) : bad(value)
    case 'enum':
      return (value, sink) => {
        const index = typeof value === 'string' ? schema.symbols.indexOf(value) : -1
        if (index < 0) bad(value)
        sink.writeLong(index)
      }
    case 'array':
      return compileArray(compile(schema.items, path, records), bad)
    case 'map':
      return compileMap(compile(schema.values, path, records), bad)
    case 'union':
      return compileUnion(schema, path, records)
    case 'record':
      return compileRecord(schema, path, records)
  }
}

function compileArray(encodeItem: AvroEncoder, bad: (value: AvroValue) => never): AvroEncoder {
  return (value, sink) => {
    if (!Array.isArray(value)) return bad(value)
    const items = value as readonly AvroValue[]
    if (items.length > 0) sink.writeLong(items.length)
    for (const item of items) encodeItem(item, sink)
    sink.writeLong(0)
  }
}

function compileMap(encodeValue: AvroEncoder, bad: (value: AvroValue) => never): AvroEncoder {
  return (value, sink) => {
    if (!(value instanceof Map)) return bad(value)
    const map = value as ReadonlyMap<string, AvroValue>
    if (map.size > 0) sink.writeLong(map.size)
    for (const [key, item] of map) {
      sink.writeString(key)
      encodeValue(item, sink)
    }
    sink.writeLong(0)
  }
}

function compileUnion(union: AvroUnion, path: string, records: Records): AvroEncoder {
  const option = optionOf(union)
  if (option !== undefined) {
    const encode = compile(option.schema, path, records)
    const { nullBranch } = option
    return (value, sink) => {
      sink.writeLong(value === null ? nullBranch : 1 - nullBranch)
      if (value !== null) encode(value, sink)
    }
  }
  const encoders = union.branches.map((branch) => compile(branch, path, records))
  return (value, sink) => {
    const choice = isPlainObject(value) ? (value as AvroUnionValue) : undefined
    const encode = choice === undefined ? undefined : encoders[choice.branch]
    if (choice === undefined || encode === undefined) return misfit(path, union, value)
    sink.writeLong(choice.branch)
    encode(choice.value, sink)
  }
}

function compileRecord(record: AvroRecord, path: string, records: Records): AvroEncoder {
  const known = records.get(record)
  if (known !== undefined) return (value, sink) => known.encode(value, sink)
  const slot: { encode: AvroEncoder } = { encode: (value) => misfit(path, record, value) }
  records.set(record, slot)
  const fields = record.fields.map((field) => {
    const fieldPath = `${path}.${field.name}`
    return {
      name: field.name,
      path: fieldPath,
      schema: field.schema,
      encode: compile(field.schema, fieldPath, records),
    }
  })
  slot.encode = (value, sink) => {
    if (!isPlainObject(value)) return misfit(path, record, value)
    for (const field of fields) {
      const item = (value as AvroRecordValue)[field.name]
      if (item === undefined) throw new MoraineError('invalid-input', `${field.path} has no value`)
      field.encode(item, sink)
    }
  }
  return slot.encode
}

function isPlainObject(value: AvroValue): value is AvroRecordValue | AvroUnionValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Map)
  )
}

function misfit(path: string, schema: AvroSchema, value: AvroValue): never {
  const shown =
    value instanceof Uint8Array ? `${value.length} bytes` : `a value of type ${typeof value} (${String(value)})`
  throw new MoraineError('invalid-input', `${path}: ${shown} does not fit the Avro type ${schema.kind}`)
}
