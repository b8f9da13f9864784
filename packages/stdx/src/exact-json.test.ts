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

type Sample = { readonly text: string; readonly value: unknown }

function integerSample(value: bigint): Sample {
  return { text: value.toString(), value: Number.isSafeInteger(Number(value)) ? Number(value) : value }
}

test('any document is read as it is written', () => {
  // Without backslashes: where V8 has met the key \, it takes the key " for it (seen in 13.6).
  const key = fc.oneof(
    fc.string().filter((each) => !each.includes('\\')),
    fc.constantFrom('a', 'b', '__proto__', 'constructor', '"', '\n', '1234567890123456789'),
  )
  const leaf: fc.Arbitrary<Sample> = fc.oneof(
    fc.bigInt(-(2n ** 80n), 2n ** 80n).map(integerSample),
    fc.bigInt(2n ** 53n - 2n, 2n ** 53n + 2n).map(integerSample),
    fc.constantFrom(
      { text: '9007199254740993.5', value: 9007199254740994 },
      { text: '9007199254740992e1', value: 90071992547409920 },
      { text: '-0', value: -0 },
      { text: '1e400', value: Number.POSITIVE_INFINITY },
      { text: 'null', value: null },
      { text: 'true', value: true },
    ),
    key.map((value) => ({ text: JSON.stringify(value), value })),
  )
  const blank = fc.constantFrom('', ' ', '\n\t')
  const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
    sample: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.array(tie('sample'), { maxLength: 4 }).map((items) => ({
        text: `[${items.map((item) => item.text).join(' , ')}]`,
        value: items.map((item) => item.value),
      })),
      fc.uniqueArray(fc.tuple(key, blank, tie('sample')), { maxLength: 4, selector: ([k]) => k }).map((entries) => ({
        text: `{${entries.map(([k, gap, { text }]) => `${JSON.stringify(k)}${gap}:${gap}${text}`).join(',')}}`,
        value: Object.fromEntries(entries.map(([k, , { value }]) => [k, value])),
      })),
    ),
  }))
  fc.assert(
    fc.property(blank, sample, (gap, { text, value }) => {
      assert.deepEqual(parseExactJson(gap + text + gap, 'test'), value)
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

test('what would take far more memory than its text is refused before it is made', () => {
  const refused = (text: string, max: number) =>
    assert.throws(
      () => parseExactJson(text, 'bad.json', max),
      (error) => isKind(error, 'corrupt') && error.message === `bad.json has more than ${max} JSON values`,
    )
  refused('[[],[],[]]', 6)
  assert.deepEqual(parseExactJson('[[],[],[]]', 'test', 7), [[], [], []])
  refused('{"a":{},"b":[1,2]}', 5)
  assert.deepEqual(parseExactJson('{"a":{},"b":[1,2]}', 'test', 6), { a: {}, b: [1, 2] })
  const words = { a: '[,{,[,{\\"[,[,[' }
  assert.deepEqual(parseExactJson(JSON.stringify(words), 'test', 2), words)
  // Not JSON, and of so many: either may be said.
  refused(`[,,,,"${'x'.repeat(20)}`, 3)
})

test('an integer of more digits than anything has is refused, for to read it would take long', () => {
  assert.equal(parseExactJson('9'.repeat(10_000), 'test'), 10n ** 10_000n - 1n)
  for (const text of ['9'.repeat(10_001), `{"a":[-${'9'.repeat(10_001)}]}`]) {
    assert.throws(
      () => parseExactJson(text, 'bad.json'),
      (error) => isKind(error, 'corrupt') && error.message === 'bad.json has an integer of more than 10000 digits',
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
