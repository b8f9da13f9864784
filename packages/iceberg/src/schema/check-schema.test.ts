import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { newTableMetadata } from '../metadata/new-table-metadata.ts'
import { formatTableMetadata, parseTableMetadata } from '../metadata/table-metadata-json.ts'
import { checkSchema } from './check-schema.ts'
import type { Schema } from './schema.ts'
import type { IcebergType, NestedField } from './type.ts'

function problem(schema: Schema, formatVersion: number): string | undefined {
  try {
    checkSchema(schema, formatVersion)
    return undefined
  } catch (error) {
    assert.ok(isKind(error, 'invalid-input'))
    return error.message.replace(/^invalid schema for format version \d: /, '')
  }
}

function column(type: IcebergType, more: Partial<NestedField> = {}): NestedField {
  return { id: 1, name: 'a', required: false, type, ...more }
}

function schemaOf(field: NestedField, identifierFieldIds: readonly number[] = []): Schema {
  return { schemaId: 0, fields: [field], identifierFieldIds }
}

test('types and defaults of version 3 are refused before it', () => {
  for (const kind of ['timestamp_ns', 'timestamptz_ns', 'variant', 'unknown', 'geometry', 'geography'] as const) {
    assert.equal(problem(schemaOf(column({ kind })), 2), `type ${kind} of a needs version 3`)
    assert.equal(problem(schemaOf(column({ kind })), 3), undefined)
  }
  const defaulted = schemaOf(column({ kind: 'int' }, { initialDefault: 1 }))
  assert.equal(problem(defaulted, 2), 'the initial default of a needs version 3')
  assert.equal(problem(defaulted, 3), undefined)
})

test('every problem is named', () => {
  assert.equal(
    problem(schemaOf(column({ kind: 'unknown' }, { id: 2147483448, required: true })), 3),
    'field id 2147483448 of a is reserved; a of type unknown must be optional',
  )
})

test('identifier fields must be able to identify', () => {
  const identifier = (field: NestedField, id = 1) => problem(schemaOf(field, [id]), 2)
  assert.equal(identifier(column({ kind: 'int' }, { required: true })), undefined)
  assert.equal(identifier(column({ kind: 'int' })), 'identifier field a is optional')
  assert.equal(identifier(column({ kind: 'int' }), 9), 'identifier field 9 does not exist')
  assert.equal(
    identifier(column({ kind: 'double' }, { required: true })),
    'identifier field a is a floating-point number',
  )
  const inner: NestedField = { id: 2, name: 'b', required: true, type: { kind: 'int' } }
  const struct: IcebergType = { kind: 'struct', fields: [inner] }
  assert.equal(identifier(column(struct, { required: true }), 2), undefined)
  assert.equal(identifier(column(struct), 2), 'identifier field a.b is inside the optional struct a')
  assert.equal(identifier(column(struct, { required: true })), 'identifier field a is not of a primitive type')
  const list: IcebergType = { kind: 'list', elementId: 3, elementRequired: true, element: struct }
  assert.equal(identifier(column(list, { required: true }), 2), 'identifier field a.element.b is inside the list a')
})

test('types are nested as deep as what is stored can be read again, whatever they are', () => {
  const wraps: readonly ((type: IcebergType, id: number) => IcebergType)[] = [
    (type, id) => ({ kind: 'list', elementId: id, elementRequired: false, element: type }),
    (type, id) => ({ kind: 'struct', fields: [{ id, name: 'b', required: false, type }] }),
    (type, id) => ({
      kind: 'map',
      keyId: id,
      key: { kind: 'int' },
      valueId: id + 1000,
      valueRequired: false,
      value: type,
    }),
  ]
  for (const wrap of wraps) {
    const nested = (levels: number) =>
      schemaOf(
        column(
          Array.from({ length: levels }).reduce<IcebergType>((type, _, at) => wrap(type, at + 2), { kind: 'int' }),
        ),
      )
    assert.equal(problem(nested(64), 2), undefined)
    assert.match(problem(nested(65), 2) ?? '', /^a nests types more than 64 deep/)
    const metadata = newTableMetadata({
      ...{ schema: nested(64), location: '/t', properties: {} },
      ...{ uuid: '0199f0a0-0000-4000-8000-000000000001', now: 0 as EpochMs },
    })
    const text = formatTableMetadata(metadata)
    assert.deepEqual(parseTableMetadata(text, 'metadata').schemas, metadata.schemas)
    // As somebody is sent it, in an envelope of a few levels.
    parseExactJson(`[[[[${text}]]]]`, 'answer')
  }
})
