import { MoraineError } from '@moraine/stdx/error'
import type { Schema } from './schema.ts'
import { indexSchema } from './schema-index.ts'
import { type IcebergType, isPrimitive, type NestedField } from './type.ts'

export type FreshSchema = {
  /** With schema id 0. */
  readonly schema: Schema
  /** The new id of each old one. */
  readonly newIds: ReadonlyMap<number, number>
}

/**
 * The schema of a new table: the same columns with ids from 1, all fields of a struct before those nested in them, as
 * the reference implementation numbers them.
 *
 * @throws {MoraineError} `invalid-input` if ids or names are there twice, or an identifier field is none of the columns.
 */
export function assignFreshIds(original: Schema): FreshSchema {
  indexSchema(original, 'invalid-input')
  const newIds = new Map<number, number>()
  const fields = freshFields(original.fields, newIds)
  const identifierFieldIds = original.identifierFieldIds.map((id) => {
    const fresh = newIds.get(id)
    if (fresh === undefined) throw new MoraineError('invalid-input', `identifier field ${id} is not in the schema`)
    return fresh
  })
  return { schema: { schemaId: 0, fields, identifierFieldIds }, newIds }
}

function freshFields(fields: readonly NestedField[], newIds: Map<number, number>): readonly NestedField[] {
  return fields
    .map((field) => ({ field, id: giveId(field.id, newIds) }))
    .map(({ field, id }) => ({ ...field, id, type: freshType(field.type, newIds) }))
}

function freshType(type: IcebergType, newIds: Map<number, number>): IcebergType {
  if (isPrimitive(type)) return type
  switch (type.kind) {
    case 'struct':
      return { kind: 'struct', fields: freshFields(type.fields, newIds) }
    case 'list': {
      const elementId = giveId(type.elementId, newIds)
      return { ...type, elementId, element: freshType(type.element, newIds) }
    }
    case 'map': {
      const keyId = giveId(type.keyId, newIds)
      const valueId = giveId(type.valueId, newIds)
      return { ...type, keyId, valueId, key: freshType(type.key, newIds), value: freshType(type.value, newIds) }
    }
  }
}

function giveId(old: number, newIds: Map<number, number>): number {
  const id = newIds.size + 1
  newIds.set(old, id)
  return id
}
