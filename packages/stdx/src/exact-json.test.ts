import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isKind } from './error.ts'
import { formatExactJson, type JsonObject, parseExactJson } from './exact-json.ts'

test('integers beyond 2^53 keep their digits and come back the same', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (id) => {
      const parsed = parseExactJson(`{"id":${id}}`, 'test') as JsonObject
      const back = parsed['id']
      assert.equal(BigInt(back as bigint), id)
      assert.equal(typeof back, Number.isSafeInteger(Number(id)) ? 'number' : 'bigint')
      assert.equal(formatExactJson(parsed), `{"id":${id}}`)
    }),
  )
})

test('digits inside strings and fractions are left alone', () => {
  const text = '{"a":"9223372036854775807","b":0.1234567890123456,"c":[1e3,-5]}'
  assert.deepEqual(
    { ...(parseExactJson(text, 'test') as JsonObject) },
    { a: '9223372036854775807', b: 0.1234567890123456, c: [1000, -5] },
  )
})

test('__proto__ is an ordinary key', () => {
  const parsed = parseExactJson('{"__proto__":{"x":1}}', 'test') as JsonObject
  assert.deepEqual(Object.keys(parsed), ['__proto__'])
  assert.equal((parsed as { x?: unknown })['x'], undefined)
})

test('text that is not JSON is named', () => {
  assert.throws(
    () => parseExactJson('{"a":', 'v3.metadata.json'),
    (error) => isKind(error, 'corrupt') && error.message === 'v3.metadata.json is not valid JSON',
  )
})
