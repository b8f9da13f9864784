import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import type { Schema } from '../schema/schema.ts'
import type { NestedField, PrimitiveType } from '../schema/type.ts'
import { parsePrimitiveType } from '../schema/type-text.ts'
import { bindFilter } from './bind-filter.ts'
import { formatExpression } from './format-expression.ts'
import { parseFilter } from './parse-filter.ts'

function primitive(text: string): PrimitiveType {
  const type = parsePrimitiveType(text)
  assert.ok(type)
  return type
}

const TYPES = {
  id: 'int',
  big: 'long',
  price: 'decimal(9, 2)',
  score: 'double',
  ratio: 'float',
  ok: 'boolean',
  name: 'string',
  day: 'date',
  hour: 'time',
  at: 'timestamp',
  atz: 'timestamptz',
  ns: 'timestamp_ns',
  u: 'uuid',
  raw: 'binary',
  'odd name': 'int',
  größe: 'int',
  v: 'variant',
} as const

const STRUCT: NestedField = {
  id: 90,
  name: 'event',
  required: false,
  type: { kind: 'struct', fields: [{ id: 91, name: 'kind', required: false, type: { kind: 'string' } }] },
}
const LIST: NestedField = {
  id: 92,
  name: 'tags',
  required: false,
  type: { kind: 'list', elementId: 93, elementRequired: true, element: { kind: 'string' } },
}

const SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    ...Object.entries(TYPES).map(([name, type], at) => ({ id: at + 1, name, required: false, type: primitive(type) })),
    STRUCT,
    LIST,
    { id: 94, name: 'a.b', required: false, type: { kind: 'int' } },
    { id: 95, name: 'Mixed', required: false, type: { kind: 'int' } },
    { id: 96, name: 'twin', required: false, type: { kind: 'int' } },
    { id: 97, name: 'TWIN', required: false, type: { kind: 'int' } },
  ],
}

const WHAT = 'self-optimizing.filter'

function bound(filter: string): string {
  return formatExpression(bindFilter(parseFilter(filter, WHAT), SCHEMA, WHAT))
}

function problem(filter: string): string {
  try {
    bound(filter)
    return 'accepted'
  } catch (error) {
    assert.ok(isKind(error, 'invalid-input'), String(error))
    return error.message.replace(`${WHAT}: `, '')
  }
}

test('comparisons, sets, ranges and nulls', () => {
  assert.equal(bound('id = 5'), 'id = 5')
  assert.equal(bound('id == 5 and big <> 6'), 'id = 5 and big <> 6')
  assert.equal(bound('5 < id'), 'id > 5')
  assert.equal(bound('id BETWEEN 1 AND 3'), 'id >= 1 and id <= 3')
  assert.equal(bound('id not between 1 and 3'), '(id < 1 or id > 3)'.slice(1, -1))
  assert.equal(bound('id in (1, -2, +3)'), 'id in (1, -2, 3)')
  assert.equal(bound("name NOT IN ('a', 'it''s')"), "name not in ('a', 'it''s')")
  assert.equal(bound('name is null or name IS NOT NULL'), 'name is null or name is not null')
  assert.equal(bound('score is nan and ratio is not nan'), 'score is nan and ratio is not nan')
  assert.equal(bound("name like 'ab%'"), "name starts with 'ab'")
  assert.equal(bound("name not like 'ab%'"), "name does not start with 'ab'")
  assert.equal(bound("name like 'ab'"), "name = 'ab'")
  assert.equal(bound('ok = TRUE'), 'ok = true')
  assert.equal(bound('true and not false'), 'true')
})

test('and binds closer than or, not closest of all', () => {
  assert.equal(bound('id = 1 or id = 2 and big = 3'), 'id = 1 or id = 2 and big = 3')
  assert.equal(bound('(id = 1 or id = 2) and big = 3'), '(id = 1 or id = 2) and big = 3')
  assert.equal(bound('not (id = 1 or big > 2)'), 'id <> 1 and big <= 2')
  assert.equal(bound('not not id = 1'), 'id = 1')
  assert.equal(bound('not id = 1 and big = 2'), 'id <> 1 and big = 2')
})

test('columns of any name', () => {
  assert.equal(bound('"odd name" = 1'), 'odd name = 1')
  assert.equal(bound('`odd name` = 1'), 'odd name = 1')
  assert.equal(bound('größe = 1'), 'größe = 1')
  assert.equal(bound("event.kind = 'x'"), "event.kind = 'x'")
  assert.equal(bound('"a.b" = 1 and a.b = 2'), 'a.b = 1 and a.b = 2')
  assert.equal(bound('MIXED = 1'), 'Mixed = 1')
  assert.equal(bound('twin = 1'), 'twin = 1')
  assert.equal(problem('Twin = 1'), 'column Twin may be "twin" or "TWIN"; write it in quotes as it is')
  assert.match(problem('nope = 1'), /^there is no column nope; the table has id, big, /)
  assert.equal(problem('tags.element = 1'), 'column tags.element is inside a list or map and has no single value')
  assert.equal(problem('event = 1'), 'column event is a struct and cannot be compared')
})

test('dates and times in any of their forms', () => {
  assert.equal(bound("day = '2024-01-31'"), 'day = 2024-01-31')
  assert.equal(bound("day = DATE '2024-01-31'"), 'day = 2024-01-31')
  assert.equal(bound("hour = TIME '22:00'"), 'hour = 22:00')
  assert.equal(bound("at >= TIMESTAMP '2024-01-31 22:00:00.5'"), 'at >= 2024-01-31T22:00:00.5')
  assert.equal(bound("at >= '2024-01-31T22:00:00'"), 'at >= 2024-01-31T22:00:00')
  assert.equal(bound("at >= '2024-01-31'"), 'at >= 2024-01-31T00:00:00')
  assert.equal(bound("atz < '2024-01-31T22:00:00'"), 'atz < 2024-01-31T22:00:00+00:00')
  assert.equal(bound("atz < '2024-01-31T22:00:00-02:00'"), 'atz < 2024-02-01T00:00:00+00:00')
  assert.equal(bound("ns = '2024-01-31T22:00:00.123456789'"), 'ns = 2024-01-31T22:00:00.123456789')
  assert.equal(
    problem("at = '2024-01-31T22:00:00Z'"),
    'column at of type timestamp cannot be compared with string 2024-01-31T22:00:00Z',
  )
  assert.equal(problem("day = '2024-02-30'"), 'column day of type date cannot be compared with string 2024-02-30')
})

test('literals finer or larger than the column keep their meaning', () => {
  assert.equal(bound('id < 1.5'), 'id <= 1')
  assert.equal(bound('id >= 1.5'), 'id > 1')
  assert.equal(bound('id > -1.5'), 'id > -2')
  assert.equal(bound('id = 1.5'), 'false')
  assert.equal(bound('id <> 1.5'), 'true')
  assert.equal(bound('id in (1.5, 2)'), 'id in (2)')
  assert.equal(bound('id not in (1.5)'), 'true')
  assert.equal(bound('id < 3000000000'), 'id is not null')
  assert.equal(bound('id > 3000000000'), 'false')
  assert.equal(bound('id > -3000000000'), 'id is not null')
  assert.equal(bound('id <= 2147483647.5'), 'id is not null')
  assert.equal(bound('big = 9223372036854775807'), 'big = 9223372036854775807')
  assert.equal(bound('big > 1e999999'), 'false')
  assert.equal(bound('big > 1e-999999'), 'big > 0')
  assert.equal(bound('price = 14.2'), 'price = 14.20')
  assert.equal(bound('price < 0.005'), 'price <= 0.00')
  assert.equal(bound('price < 99999999.99'), 'price is not null')
  assert.equal(bound('score > 1.5e3'), 'score > 1500.0')
  assert.equal(bound("at > '2024-01-31T00:00:00.0000001'"), 'at > 2024-01-31T00:00:00')
})

test('bytes and uuids', () => {
  assert.equal(bound("raw = X'00ff'"), 'raw = AP8=')
  assert.equal(bound("u = 'f79c3e09-677c-4bbd-a479-3f349cb785e7'"), 'u = f79c3e09-677c-4bbd-a479-3f349cb785e7')
  assert.equal(problem("raw = 'text'"), 'column raw of type binary cannot be compared with string text')
})

test('types that do not fit are named', () => {
  assert.equal(problem("id = '5'"), 'column id of type int cannot be compared with string 5')
  assert.equal(problem('name = 5'), 'column name of type string cannot be compared with number 5')
  assert.equal(problem('ok = 1'), 'column ok of type boolean cannot be compared with number 1')
  assert.equal(problem('name = TRUE'), 'column name of type string cannot be compared with TRUE')
  assert.equal(problem('v = 1'), 'column v of type variant cannot be compared with number 1')
  assert.equal(problem('id is nan'), 'column id of type int has no NaN')
  assert.equal(problem("id like 'a%'"), 'column id is not text and has no prefix')
  assert.equal(bound('v is null'), 'v is null')
})

test('mistakes are named with their position', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['', 'expected a column, found the end, at position 1 of: '],
    ['id =', 'expected a literal, found the end, at position 5 of: id ='],
    ['id = NULL', 'NULL cannot be compared with; use IS NULL at position 6 of: id = NULL'],
    ['id', 'expected a comparison, BETWEEN, IN, LIKE or IS, found the end, at position 3 of: id'],
    ['id = 1 id', 'expected AND, OR or the end, found id, at position 8 of: id = 1 id'],
    ['(id = 1', 'expected ), found the end, at position 8 of: (id = 1'],
    ['id in 1', 'expected (, found 1, at position 7 of: id in 1'],
    ['id in (1 2)', 'expected , or ), found 2, at position 10 of: id in (1 2)'],
    ['id between 1 or 2', 'expected AND, found or, at position 14 of: id between 1 or 2'],
    ['id is 5', 'expected NULL or NAN, found 5, at position 7 of: id is 5'],
    ["name like '%x'", "expected a prefix such as 'abc%', found '%x', at position 11 of: name like '%x'"],
    ['5', 'expected a comparison, found the end, at position 2 of: 5'],
    ['id = id', 'expected a literal, found id, at position 6 of: id = id'],
    ['id ; drop', 'the character ; at position 4 of: id ; drop'],
    ["name = 'abc", "a quotation without its end at position 8 of: name = 'abc"],
    ['id = 1 and', 'expected a column, found the end, at position 11 of: id = 1 and'],
    ['id.and = 1', 'expected a column, found and, at position 4 of: id.and = 1'],
  ]
  for (const [filter, message] of cases) assert.equal(problem(filter), message)
})

test('nesting has a limit, chains have none', () => {
  assert.match(problem(`${'('.repeat(101)}id = 1${')'.repeat(101)}`), /parentheses deeper than 100 levels/)
  assert.equal(bound(`${'not '.repeat(5000)}id = 1`), 'id = 1')
  const chain = Array.from({ length: 5000 }, (_, at) => `id = ${at}`).join(' or ')
  assert.equal(bound(chain).split(' or ').length, 5000)
})

test('any text is a filter or refused', () => {
  const word = fc.constantFrom(
    'id',
    'name',
    'and',
    'or',
    'not',
    '(',
    ')',
    '=',
    '<',
    "'a'",
    '5',
    'in',
    ',',
    'is',
    'null',
    '"',
    '.',
    'between',
    '%',
    'like',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 10 }), (words) => {
      problem(words.join(' '))
    }),
    { numRuns: 500 },
  )
})
