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
      return (cursor) => cursor.skipVarint()
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
      const skipItem = compile(schema.items, records)
      const itemBytesMin = encodedBytesMin(schema.items)
      return (cursor) => cursor.skipItems(itemBytesMin, skipItem)
    }
    case 'map': {
      const skipValue = compile(schema.values, records)
      const skipEntry = (cursor: ByteCursor) => {
        cursor.skipBytes()
        skipValue(cursor)
      }
      const entryBytesMin = 1 + encodedBytesMin(schema.values)
      return (cursor) => cursor.skipItems(entryBytesMin, skipEntry)
    }
    case 'union': {
      const skippers = schema.branches.map((branch) => compile(branch, records))
      return (cursor) => skippers[cursor.readBranch(skippers.length)]?.(cursor)
    }
    case 'record':
      return compileRecord(schema, records)
  }
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
