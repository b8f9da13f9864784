import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isKind } from './error.ts'
import { formatExactJson, type JsonObject, jsonNumber, parseExactJson } from './exact-json.ts'

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
  assert.deepEqual(parseExactJson(text, 'test'), { a: '9223372036854775807', b: 0.1234567890123456, c: [1000, -5] })
})

test('__proto__ is an ordinary key', () => {
  const parsed = parseExactJson('{"__proto__":{"x":1}}', 'test') as JsonObject
  assert.deepEqual(Object.keys(parsed), ['__proto__'])
  assert.equal((parsed as { x?: unknown })['x'], undefined)
})

// The slow, obvious way: the source text of each number.
function parseBySource(text: string): unknown {
  const revive = (_key: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' && /^-?\d+$/.test(context.source ?? '') && !Number.isSafeInteger(value)
      ? BigInt(context.source ?? '')
      : value
  return JSON.parse(text, revive as (this: unknown, key: string, value: unknown) => unknown)
}

test('any document is read as its source says', () => {
  const key = fc.oneof(
    fc.string(),
    fc.constantFrom('a', 'b', '__proto__', 'constructor', '"', '\\', '1234567890123456789'),
  )
  const leaf = fc.oneof(
    fc.bigInt(-(2n ** 80n), 2n ** 80n).map(String),
    fc.bigInt(2n ** 53n - 2n, 2n ** 53n + 2n).map(String),
    fc.constantFrom('1234567890123456789.5', '12345678901234567e3', '-0', '1e400', 'null', 'true'),
    key.map((text) => JSON.stringify(text)),
  )
  const blank = fc.constantFrom('', ' ', '\n\t')
  const { document } = fc.letrec<{ document: string }>((tie) => ({
    document: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('document'), { maxLength: 4 }).map((items) => `[${items.join(' , ')}]`),
      // Keys may be there twice.
      fc
        .array(fc.tuple(key, blank, tie('document')), { maxLength: 4 })
        .map((entries) => `{${entries.map(([k, gap, v]) => `${JSON.stringify(k)}${gap}:${gap}${v}`).join(',')}}`),
    ),
  }))
  fc.assert(
    fc.property(blank, document, (gap, text) => {
      assert.deepEqual(parseExactJson(gap + text + gap, 'test'), parseBySource(text))
    }),
    { numRuns: 1000 },
  )
})

test('where a key is there twice the last value counts', () => {
  assert.deepEqual(parseExactJson('{"a":12345678901234567,"a":5}', 'test'), { a: 5 })
  assert.deepEqual(parseExactJson('{"a":[12345678901234567],"a":{}}', 'test'), { a: {} })
  assert.deepEqual(parseExactJson('{"a":{"b":12345678901234567},"a":{"b":12345678901234569}}', 'test'), {
    a: { b: 12345678901234569n },
  })
})

test('deep nesting is refused, not followed', () => {
  assert.equal(JSON.stringify(parseExactJson(`${'['.repeat(256)}${']'.repeat(256)}`, 'test')).length, 512)
  for (const depth of [257, 200_000]) {
    assert.throws(
      () => parseExactJson(`${'{"a":['.repeat(depth / 2)}[]${']}'.repeat(depth / 2)}`, 'bad.json'),
      (error) => isKind(error, 'corrupt') && error.message === 'bad.json is JSON nested deeper than 256 levels',
    )
  }
})

test('a number can be given its text', () => {
  assert.equal(formatExactJson({ a: [jsonNumber('1.0'), 2n ** 63n] }), '{"a":[1.0,9223372036854775808]}')
})

test('text that is not JSON is named', () => {
  assert.throws(
    () => parseExactJson('{"a":', 'v3.metadata.json'),
    (error) => isKind(error, 'corrupt') && error.message === 'v3.metadata.json is not valid JSON',
  )
})
