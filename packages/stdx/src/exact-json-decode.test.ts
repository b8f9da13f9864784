import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from './error.ts'
import type { JsonValue } from './exact-json.ts'
import {
  flag,
  int32,
  int64,
  type JsonDecoder,
  listOf,
  mapOf,
  optional,
  record,
  required,
  safeInteger,
  text,
} from './exact-json-decode.ts'

const PLACE = { document: 'a.json', kind: 'corrupt' } as const

function problem(decode: JsonDecoder<unknown>, value: JsonValue): string {
  try {
    decode(value, PLACE)
  } catch (error) {
    assert.ok(isKind(error, 'corrupt'))
    return error.message
  }
  return 'accepted'
}

test('scalars are exact or refused', () => {
  assert.equal(int32(-2147483648, PLACE), -2147483648)
  assert.equal(problem(int32, 2147483648), 'a.json: the document is not an integer of 32 bits')
  assert.equal(problem(int32, 1.5), 'a.json: the document is not an integer of 32 bits')
  assert.equal(problem(int32, '1'), 'a.json: the document is not an integer of 32 bits')
  assert.equal(safeInteger(2 ** 53 - 1, PLACE), 2 ** 53 - 1)
  assert.equal(problem(safeInteger, 2n ** 53n), 'a.json: the document is not an integer below 2^53')
  assert.equal(int64(5, PLACE), 5n)
  assert.equal(int64(-(2n ** 63n), PLACE), -(2n ** 63n))
  assert.equal(problem(int64, 2n ** 63n), 'a.json: the document is not an integer of 64 bits')
  assert.equal(problem(text, 1), 'a.json: the document is not text')
  assert.equal(problem(flag, 'true'), 'a.json: the document is neither true nor false')
})

test('messages name the place', () => {
  const decode: JsonDecoder<unknown> = (value, place) =>
    required(
      record(value, place),
      'snapshots',
      listOf((item, at) => required(record(item, at), 'snapshot-id', int64)),
    )
  assert.equal(
    problem(decode, { snapshots: [{ 'snapshot-id': 1 }, {}] }),
    'a.json: snapshots[1].snapshot-id is missing',
  )
  assert.equal(problem(decode, { snapshots: {} }), 'a.json: snapshots is not a list')
  assert.equal(problem(decode, { snapshots: [[]] }), 'a.json: snapshots[0] is not an object')
  assert.equal(problem(decode, {}), 'a.json: snapshots is missing')
  assert.equal(problem(decode, null), 'a.json: the document is not an object')
})

test('null counts as absent, inherited names as unknown', () => {
  assert.equal(optional(record({ a: null }, PLACE), 'a', text), undefined)
  assert.equal(optional(record({}, PLACE), 'constructor', text), undefined)
})

test('keys that are data keep their names', () => {
  const map = mapOf(text)(JSON.parse('{"__proto__":"a","constructor":"b"}') as JsonValue, PLACE)
  assert.deepEqual(Object.entries(map), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
  assert.equal(problem(mapOf(text), { a: { b: 1 } }), 'a.json: a is not text')
})
