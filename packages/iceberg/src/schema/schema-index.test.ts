import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import type { Schema } from './schema.ts'
import { type IndexedField, indexSchema } from './schema-index.ts'
import type { NestedField } from './type.ts'

function schemaOf(...fields: readonly NestedField[]): Schema {
  return { schemaId: 0, fields, identifierFieldIds: [] }
}

function int(id: number, name: string): NestedField {
  return { id, name, required: false, type: { kind: 'int' } }
}

const nested = schemaOf(int(1, 'id'), {
  id: 2,
  name: 'tags',
  required: false,
  type: {
    kind: 'map',
    keyId: 3,
    key: { kind: 'string' },
    valueId: 4,
    valueRequired: false,
    value: { kind: 'list', elementId: 5, elementRequired: true, element: { kind: 'struct', fields: [int(6, 'X')] } },
  },
})

test('columns of any depth are found by id and name', () => {
  const index = indexSchema(nested)
  assert.deepEqual(
    [...index.fieldsById.values()].map(({ field, fullName, repeated }) => [field.id, fullName, repeated]),
    [
      [1, 'id', false],
      [2, 'tags', false],
      [3, 'tags.key', true],
      [4, 'tags.value', true],
      [5, 'tags.value.element', true],
      [6, 'tags.value.element.X', true],
    ],
  )
  assert.equal(index.highestFieldId, 6)
  assert.deepEqual(idsNamed(index.fieldsByName, 'tags.value.element.X'), [6])
  assert.deepEqual(idsNamed(index.fieldsByName, 'tags.value.element.x'), [])
  assert.deepEqual(idsNamed(index.fieldsByLowerName, 'tags.value.element.x'), [6])
  assert.equal(index.fieldsById.get(6)?.parent?.parent?.field.id, 4)
  assert.equal(indexSchema(nested), index)
})

test('a name of several columns finds them all', () => {
  const b: NestedField = { id: 2, name: 'a', required: false, type: { kind: 'struct', fields: [int(3, 'b')] } }
  assert.deepEqual(idsNamed(indexSchema(schemaOf(int(1, 'a.b'), b)).fieldsByName, 'a.b'), [1, 3])
  const cased = indexSchema(schemaOf(int(1, 'id'), int(2, 'ID')))
  assert.deepEqual(idsNamed(cased.fieldsByName, 'ID'), [2])
  assert.deepEqual(idsNamed(cased.fieldsByLowerName, 'id'), [1, 2])
})

test('doubled ids and names are refused', () => {
  assert.throws(() => indexSchema(schemaOf(int(1, 'a'), int(1, 'b'))), /schema 0 has the field id 1 twice/)
  assert.throws(
    () => indexSchema(schemaOf(int(1, 'a'), int(2, 'a')), 'invalid-input'),
    (error) => isKind(error, 'invalid-input') && /the name a in one struct twice/.test(error.message),
  )
})

function idsNamed(names: ReadonlyMap<string, readonly IndexedField[]>, name: string): readonly number[] {
  return (names.get(name) ?? []).map(({ field }) => field.id)
}
