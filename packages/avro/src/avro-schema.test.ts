import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { type AvroSchema, parseAvroSchema } from './avro-schema.ts'

const corrupt = (pattern: RegExp) => (error: unknown) => isKind(error, 'corrupt') && pattern.test(error.message)
const parse = (schema: unknown) => parseAvroSchema(JSON.stringify(schema), 'a.avro')

function recordFields(schema: AvroSchema) {
  assert.equal(schema.kind, 'record')
  return schema.kind === 'record' ? schema.fields : []
}

test('the ids and logical types of Iceberg are kept', () => {
  const schema = parse({
    type: 'record',
    name: 'r',
    fields: [
      { name: 'd', type: ['null', { type: 'int', logicalType: 'date' }], 'field-id': 1 },
      { name: 'quoted', type: 'int', 'field-id': '2' },
      { name: 'list', type: { type: 'array', items: 'long', 'element-id': 133 }, 'field-id': 3 },
      { name: 'strings', type: { type: 'map', values: 'bytes', 'key-id': 4, 'value-id': 5 } },
      {
        name: 'sizes',
        type: {
          type: 'array',
          logicalType: 'map',
          items: {
            type: 'record',
            name: 'k117_v118',
            fields: [
              { name: 'key', type: 'int', 'field-id': 117 },
              { name: 'value', type: 'long', 'field-id': 118 },
            ],
          },
        },
      },
      { name: 't', type: { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': true } },
    ],
  })
  const [date, quoted, list, strings, sizes, time] = recordFields(schema)
  assert.equal(date?.fieldId, 1)
  const option = date?.schema
  assert.equal(option?.kind === 'union' ? option.branches[1]?.logicalType : undefined, 'date')
  assert.equal(quoted?.fieldId, 2)
  assert.equal(list?.schema.kind === 'array' ? list.schema.elementId : undefined, 133)
  assert.deepEqual(strings?.schema.kind === 'map' ? [strings.schema.keyId, strings.schema.valueId] : [], [4, 5])
  assert.equal(strings?.fieldId, undefined)
  assert.equal(sizes?.schema.logicalType, 'map')
  assert.equal(time?.schema.attributes['adjust-to-utc'], true)
})

test('a named type is known by its full name and by its short one within its namespace', () => {
  const schema = parse({
    type: 'record',
    name: 'a.b.Outer',
    fields: [
      { name: 'f', type: { type: 'fixed', name: 'F', size: 2 } },
      { name: 'g', type: 'F' },
      { name: 'h', type: 'a.b.F' },
      { name: 'e', type: { type: 'enum', name: 'E', namespace: 'x', symbols: ['A'] } },
      { name: 'i', type: ['null', 'x.E', 'a.b.Outer'] },
    ],
  })
  const [first, second, third, , last] = recordFields(schema)
  assert.equal(first?.schema, second?.schema)
  assert.equal(first?.schema, third?.schema)
  const union = last?.schema
  assert.deepEqual(union?.kind === 'union' ? union.branches.map((branch) => branch.kind) : [], [
    'null',
    'enum',
    'record',
  ])
  assert.equal(union?.kind === 'union' ? union.branches[2] : undefined, schema)
})

for (const [fault, schema, message] of [
  ['an unknown type', 'strnig', /the type "strnig" is not defined/],
  ['no fields', { type: 'record', name: 'r' }, /record "r" has no list of fields/],
  ['a nameless record', { type: 'record', fields: [] }, /a record has no name/],
  ['a nameless field', { type: 'record', name: 'r', fields: [{ type: 'int' }] }, /field without name/],
  [
    'a repeated field',
    { type: 'record', name: 'r', fields: [1, 2].map(() => ({ name: 'a', type: 'int' })) },
    /two fields/,
  ],
  ['a fixed of negative size', { type: 'fixed', name: 'f', size: -1 }, /no size/],
  ['an enum without symbols', { type: 'enum', name: 'e' }, /no list of symbols/],
  ['a union in a union', ['null', ['int']], /union directly in a union/],
  ['an empty union', [], /without branches/],
  ['a type defined twice', [1, 2].map(() => ({ type: 'fixed', name: 'f', size: 1 })), /"f" is defined twice/],
] as const) {
  test(`${fault} is refused`, () => {
    assert.throws(() => parse(schema), corrupt(message))
  })
}

test('a schema of any depth ends in an error, not in an exhausted stack', () => {
  const nested = (depth: number) => `${'{"type":"array","items":'.repeat(depth)}"int"${'}'.repeat(depth)}`
  assert.equal(parseAvroSchema(nested(64), 'a.avro').kind, 'array')
  assert.throws(() => parseAvroSchema(nested(65), 'a.avro'), corrupt(/more than 64 levels/))
  assert.throws(() => parseAvroSchema(nested(100_000), 'a.avro'), corrupt(/the Avro schema of a\.avro/))
})

test('a bare number beyond 2^53 where a type belongs is refused', () => {
  assert.throws(() => parseAvroSchema('12345678901234567890', 'a.avro'), corrupt(/stands where a type is expected/))
})
