import type { AvroSchema } from '@moraine/avro/avro-schema'

/**
 * A text that two schemas share only if their values are encoded alike and mean the same: field ids, types and order of
 * branches, but not names or descriptions. Bytes may be copied between files of one layout.
 */
export function encodingLayout(schema: AvroSchema): string {
  return layout(schema, new Set())
}

function layout(schema: AvroSchema, seen: Set<AvroSchema>): string {
  switch (schema.kind) {
    case 'int':
    case 'long':
      return 'integer'
    case 'fixed':
      return `fixed${schema.size}`
    case 'enum':
      return `enum(${schema.symbols.join()})`
    case 'array':
      return `[${layout(schema.items, seen)}]`
    case 'map':
      return `map(${layout(schema.values, seen)})`
    case 'union':
      return schema.branches.map((branch) => layout(branch, seen)).join('|')
    case 'record':
      // Spelled out once: a schema may refer to a record often, or from within itself.
      if (seen.has(schema)) return schema.name
      seen.add(schema)
      return `{${schema.fields.map((field) => `${field.fieldId}:${layout(field.schema, seen)}`).join()}}`
    case 'null':
    case 'boolean':
    case 'float':
    case 'double':
    case 'bytes':
    case 'string':
      return schema.kind
  }
}
