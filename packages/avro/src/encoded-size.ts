import type { AvroSchema } from './avro-schema.ts'

/** The least bytes a value of the schema takes; with it a claimed number of items is checked before it is believed. */
export function encodedBytesMin(schema: AvroSchema): number {
  return leastBytes(schema, new Map())
}

function leastBytes(schema: AvroSchema, known: Map<AvroSchema, number>): number {
  switch (schema.kind) {
    case 'null':
      return 0
    case 'boolean':
    case 'int':
    case 'long':
    case 'bytes':
    case 'string':
    case 'enum':
    case 'array':
    case 'map':
    case 'union':
      return 1
    case 'float':
      return 4
    case 'double':
      return 8
    case 'fixed':
      return schema.size
    case 'record': {
      const before = known.get(schema)
      if (before !== undefined) return before
      // Inside itself a record counts as nothing: less than it takes, which is safe.
      known.set(schema, 0)
      let bytes = 0
      for (const field of schema.fields) bytes += leastBytes(field.schema, known)
      known.set(schema, bytes)
      return bytes
    }
  }
}
