import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { formatExactJson, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import fc from 'fast-check'
import type { Schema } from './schema.ts'
import { isSameSchema } from './schema-equality.ts'
import { decodeSchema, encodeSchema } from './schema-json.ts'
import type { IcebergType, NestedField } from './type.ts'

const PLACE = { document: 'test', kind: 'corrupt' } as const

function parse(json: string): Schema {
  return decodeSchema(parseExactJson(json, 'test'), PLACE)
}

// Ids only need to differ inside one schema for the codec to keep them apart.
const id = fc.integer({ min: 1, max: 100_000 })
const type: fc.Arbitrary<IcebergType> = fc.letrec<{ type: IcebergType; field: NestedField }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom<IcebergType>(
      { kind: 'long' },
      { kind: 'timestamptz_ns' },
      { kind: 'decimal', precision: 38, scale: 10 },
      { kind: 'fixed', length: 4 },
      { kind: 'geometry', crs: 'EPSG:3857' },
    ),
    fc.record({ kind: fc.constant('struct' as const), fields: fc.array(tie('field'), { maxLength: 3 }) }),
    fc.record({
      kind: fc.constant('list' as const),
      elementId: id,
      elementRequired: fc.boolean(),
      element: tie('type'),
    }),
    fc.record({
      kind: fc.constant('map' as const),
      keyId: id,
      key: tie('type'),
      valueId: id,
      valueRequired: fc.boolean(),
      value: tie('type'),
    }),
  ),
  field: fc.record(
    { id, name: fc.string(), required: fc.boolean(), type: tie('type'), doc: fc.string() },
    { requiredKeys: ['id', 'name', 'required', 'type'] },
  ),
})).type

test('every schema is read back', () => {
  const schema = fc.record({
    schemaId: fc.nat(),
    fields: fc.array(fc.record({ id, name: fc.string(), required: fc.boolean(), type }), { maxLength: 4 }),
    identifierFieldIds: fc.array(id, { maxLength: 2 }),
  })
  fc.assert(
    fc.property(schema, (original) => {
      const back = parse(formatExactJson(encodeSchema(original)))
      assert.deepEqual(back, structuredClone(original))
      assert.ok(isSameSchema(back, original))
    }),
  )
})

test('defaults keep their form, floating-point ones their point', () => {
  const json = `{"type":"struct","schema-id":3,"fields":[
    {"id":1,"name":"a","required":true,"type":"long","initial-default":9223372036854775807,"write-default":1},
    {"id":2,"name":"b","required":true,"type":"double","initial-default":1.0},
    {"id":3,"name":"c","required":false,"type":{"type":"list","element-id":4,"element":"float","element-required":false},
     "write-default":[1.0,null]},
    {"id":5,"name":"d","required":false,"type":"decimal(9, 2)","write-default":"14.20"},
    {"id":6,"name":"e","required":false,"type":{"type":"struct","fields":[
      {"id":7,"name":"x","required":false,"type":"int","write-default":0}]},"write-default":{}},
    {"id":8,"name":"f","required":false,"type":{"type":"map","key-id":9,"key":"string","value-id":10,"value":"double",
      "value-required":false},"write-default":{"keys":["k"],"values":[2.0]}}]}`
  const schema = parse(json)
  assert.deepEqual(schema.fields[0]?.initialDefault, 9223372036854775807n)
  assert.deepEqual(schema.fields[4]?.writeDefault, {})
  const compact = formatExactJson(encodeSchema(schema))
  assert.equal(compact, json.replaceAll(/\n */g, ''))
})

test('a schema of old v1 metadata has id 0', () => {
  assert.deepEqual(parse('{"type":"struct","fields":[]}'), { schemaId: 0, fields: [], identifierFieldIds: [] })
})

test('what is wrong is named', () => {
  const field = (more: string) => `{"type":"struct","fields":[{"id":1,"name":"a","required":true,${more}}]}`
  const cases: readonly (readonly [string, RegExp])[] = [
    ['[]', /test: the document is not an object/],
    ['{"type":"list"}', /test: type is not struct/],
    ['{"type":"struct"}', /test: fields is missing/],
    [field('"type":"int32"'), /test: fields\[0\].type has the unknown type int32/],
    [field('"type":{"type":"set"}'), /fields\[0\].type.type is set, not struct, list or map/],
    [field('"type":{"type":"list","element-id":2,"element":"int"}'), /fields\[0\].type.element-required is missing/],
    [field('"type":"int","initial-default":"1"'), /fields\[0\].initial-default is not an integer of 32 bits/],
    [field('"type":"date","write-default":"2024-02-30"'), /write-default is no value of type date/],
    [field('"type":"decimal(9, 2)","write-default":"1.5"'), /write-default is no value of type decimal\(9, 2\)/],
    [
      field('"type":"timestamptz","write-default":"2024-01-01T00:00:00"'),
      /write-default is no value of type timestamptz/,
    ],
    [field('"type":"variant","write-default":1'), /write-default is no value of type variant/],
    [
      field('"type":{"type":"struct","fields":[]},"write-default":{"9":1}'),
      /write-default.9 is no field of the struct/,
    ],
  ]
  for (const [json, message] of cases) {
    assert.throws(
      () => parse(json),
      (error) => isKind(error, 'corrupt') && message.test(error.message),
      json,
    )
  }
})

test('differences that count make another schema', () => {
  const base = parse('{"type":"struct","fields":[{"id":1,"name":"a","required":true,"type":"int","doc":"d"}]}')
  const [field] = base.fields
  assert.ok(field)
  const changed = (change: Partial<NestedField>): Schema => ({ ...base, fields: [{ ...field, ...change }] })
  assert.ok(isSameSchema(base, { ...base, schemaId: 7 }))
  assert.ok(
    isSameSchema(changed({ type: { kind: 'geometry' } }), changed({ type: { kind: 'geometry', crs: 'ogc:crs84' } })),
  )
  for (const change of [
    { id: 2 },
    { name: 'b' },
    { required: false },
    { type: { kind: 'long' } },
    { doc: 'e' },
  ] as const) {
    assert.ok(!isSameSchema(base, changed(change)))
  }
  assert.ok(!isSameSchema(base, changed({ writeDefault: 1 })))
  assert.ok(!isSameSchema(changed({ writeDefault: [1] }), changed({ writeDefault: [2] })))
  assert.ok(isSameSchema(changed({ writeDefault: { a: [1n] } }), changed({ writeDefault: { a: [1n] } })))
  assert.ok(!isSameSchema(base, { ...base, identifierFieldIds: [1] }))
})

const mutation = fc.constantFrom<JsonValue>(null, true, -1, 1.5, 2n ** 70n, 'x', [], {})

test('a mutilated schema is a schema or corrupt', () => {
  const json = encodeSchema({
    schemaId: 1,
    identifierFieldIds: [1],
    fields: [
      { id: 1, name: 'a', required: true, type: { kind: 'int' }, writeDefault: 1 },
      {
        id: 2,
        name: 'b',
        required: true,
        type: {
          kind: 'map',
          keyId: 3,
          key: { kind: 'int' },
          valueId: 4,
          valueRequired: true,
          value: { kind: 'struct', fields: [] },
        },
      },
    ],
  })
  fc.assert(
    fc.property(fc.nat(40), mutation, (position, value) => {
      let left = position
      const mutilated = JSON.parse(formatExactJson(json), (_key, item: JsonValue) => {
        left -= 1
        return left === -1 ? value : item
      }) as JsonValue
      try {
        decodeSchema(mutilated, PLACE)
      } catch (error) {
        assert.ok(isKind(error, 'corrupt'))
      }
    }),
    { numRuns: 300 },
  )
})
