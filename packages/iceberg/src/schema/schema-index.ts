import { MoraineError } from '@moraine/stdx/error'
import type { Schema } from './schema.ts'
import type { IcebergType, NestedField } from './type.ts'

/**
 * One column, at any depth. Elements of lists and keys and values of maps are columns too, named `element`, `key` and
 * `value`.
 */
export type IndexedField = {
  readonly field: NestedField
  /** Names from the top, this one last. */
  readonly path: readonly string[]
  /** The path joined with dots; a name with a dot in it can make two columns share one. */
  readonly fullName: string
  /** The struct, list or map it is part of; absent at the top. */
  readonly parent?: IndexedField
  /** Whether it is repeated: inside a list or map at any depth. */
  readonly repeated: boolean
}

/** A schema's columns by id and by full name. */
export type SchemaIndex = {
  readonly schema: Schema
  readonly fieldsById: ReadonlyMap<number, IndexedField>
  readonly fieldsByName: ReadonlyMap<string, readonly IndexedField[]>
  readonly fieldsByLowerName: ReadonlyMap<string, readonly IndexedField[]>
  /** 0 if there are no columns. */
  readonly highestFieldId: number
}

/**
 * Indexes a schema; the same schema again costs nothing.
 *
 * @throws {MoraineError} of the `kind` given if two columns have one id, or two of one struct have one name.
 */
export function indexSchema(schema: Schema, kind: 'corrupt' | 'invalid-input' = 'corrupt'): SchemaIndex {
  const known = INDEXES.get(schema)
  if (known !== undefined) return known
  const fieldsById = new Map<number, IndexedField>()
  const fieldsByName = new Map<string, IndexedField[]>()
  const fieldsByLowerName = new Map<string, IndexedField[]>()
  let highestFieldId = 0
  const visit = (field: NestedField, parent: IndexedField | undefined) => {
    const indexed = indexedField(field, parent)
    if (fieldsById.has(field.id)) throw duplicate(kind, schema, `the field id ${field.id}`)
    fieldsById.set(field.id, indexed)
    append(fieldsByName, indexed.fullName, indexed)
    append(fieldsByLowerName, indexed.fullName.toLowerCase(), indexed)
    highestFieldId = Math.max(highestFieldId, field.id)
    visitAll(childFields(field.type), indexed)
  }
  const visitAll = (siblings: readonly NestedField[], parent: IndexedField | undefined) => {
    const names = new Set<string>()
    for (const field of siblings) {
      if (names.has(field.name)) throw duplicate(kind, schema, `the name ${field.name} in one struct`)
      names.add(field.name)
      visit(field, parent)
    }
  }
  visitAll(schema.fields, undefined)
  const index = { schema, fieldsById, fieldsByName, fieldsByLowerName, highestFieldId }
  INDEXES.set(schema, index)
  return index
}

/** The fields directly below a type: of a struct, of a list (`element`), of a map (`key`, `value`). */
export function childFields(type: IcebergType): readonly NestedField[] {
  if (type.kind === 'struct') return type.fields
  if (type.kind === 'list') {
    return [{ id: type.elementId, name: 'element', required: type.elementRequired, type: type.element }]
  }
  if (type.kind !== 'map') return []
  return [
    { id: type.keyId, name: 'key', required: true, type: type.key },
    { id: type.valueId, name: 'value', required: type.valueRequired, type: type.value },
  ]
}

// Schemas are immutable values, shared by every reader of a table's metadata.
const INDEXES = new WeakMap<Schema, SchemaIndex>()

function indexedField(field: NestedField, parent: IndexedField | undefined): IndexedField {
  if (parent === undefined) return { field, path: [field.name], fullName: field.name, repeated: false }
  return {
    field,
    path: [...parent.path, field.name],
    fullName: `${parent.fullName}.${field.name}`,
    parent,
    repeated: parent.repeated || parent.field.type.kind !== 'struct',
  }
}

function duplicate(kind: 'corrupt' | 'invalid-input', schema: Schema, what: string): MoraineError {
  return new MoraineError(kind, `schema ${schema.schemaId} has ${what} twice`)
}

function append(map: Map<string, IndexedField[]>, key: string, value: IndexedField): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
