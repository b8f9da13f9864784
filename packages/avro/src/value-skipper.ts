import type { AvroRecord, AvroSchema } from './avro-schema.ts'
import type { ByteCursor } from './byte-cursor.ts'
import { encodedBytesMin } from './encoded-size.ts'

/** Moves past one value without reading it. */
export type AvroSkipper = (cursor: ByteCursor) => void

export function compileSkipper(schema: AvroSchema): AvroSkipper {
  return compile(schema, new Map())
}

type Records = Map<AvroRecord, { skip: AvroSkipper }>

function compile(schema: AvroSchema, records: Records): AvroSkipper {
  switch (schema.kind) {
    case 'null':
      return () => {}
    case 'boolean':
      return (cursor) => void cursor.take(1)
    case 'int':
    case 'long':
    case 'enum':
      return (cursor) => cursor.skipVarints(1)
    case 'float':
      return (cursor) => void cursor.take(4)
    case 'double':
      return (cursor) => void cursor.take(8)
    case 'bytes':
    case 'string':
      return (cursor) => cursor.skipBytes()
    case 'fixed':
      return (cursor) => void cursor.take(schema.size)
    case 'array': {
      const skipMany = repeated(schema.items, records)
      const itemBytesMin = encodedBytesMin(schema.items)
      return (cursor) => cursor.skipItems(itemBytesMin, skipMany)
    }
    case 'map': {
      const skipValue = compile(schema.values, records)
      const skipMany = (cursor: ByteCursor, count: number) => {
        for (let left = count; left > 0; left -= 1) {
          cursor.skipBytes()
          skipValue(cursor)
        }
      }
      const entryBytesMin = 1 + encodedBytesMin(schema.values)
      return (cursor) => cursor.skipItems(entryBytesMin, skipMany)
    }
    case 'union': {
      const skippers = schema.branches.map((branch) => compile(branch, records))
      return (cursor) => skippers[cursor.readBranch(skippers.length)]?.(cursor)
    }
    case 'record':
      return compileRecord(schema, records)
  }
}

/** Moves past a number of values in a row. Metrics in manifests are such rows, and most of what is skipped there. */
function repeated(schema: AvroSchema, records: Records): (cursor: ByteCursor, count: number) => void {
  const fields = schema.kind === 'record' ? schema.fields.map((field) => field.schema.kind) : [schema.kind]
  if (fields.length > 0 && fields.every(isVarint)) {
    return (cursor, count) => cursor.skipVarints(count * fields.length)
  }
  const [first, second, ...more] = fields
  if (first !== undefined && isVarint(first) && (second === 'bytes' || second === 'string') && more.length === 0) {
    return (cursor, count) => {
      for (let left = count; left > 0; left -= 1) {
        cursor.skipVarints(1)
        cursor.skipBytes()
      }
    }
  }
  const skip = compile(schema, records)
  return (cursor, count) => {
    for (let left = count; left > 0; left -= 1) skip(cursor)
  }
}

function isVarint(kind: AvroSchema['kind']): boolean {
  return kind === 'int' || kind === 'long' || kind === 'enum'
}

function compileRecord(record: AvroRecord, records: Records): AvroSkipper {
  const known = records.get(record)
  if (known !== undefined) {
    return (cursor) => {
      cursor.enter()
      known.skip(cursor)
      cursor.leave()
    }
  }
  const slot = { skip: (cursor: ByteCursor): void => cursor.fail('a record contains itself') }
  records.set(record, slot)
  const skippers = record.fields.map((field) => compile(field.schema, records))
  const isEmpty = encodedBytesMin(record) === 0
  slot.skip = (cursor) => {
    if (isEmpty) cursor.checkCount(1, 0)
    for (const skip of skippers) skip(cursor)
  }
  return slot.skip
}
