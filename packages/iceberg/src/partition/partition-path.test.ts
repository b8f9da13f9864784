import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PrimitiveType } from '../schema/type.ts'
import type { Literal } from '../value/literal.ts'
import { partitionKey, partitionPath } from './partition-path.ts'
import type { PartitionTuple } from './partition-spec.ts'
import { parseTransform, transformResultType } from './transform.ts'

function path(...fields: readonly (readonly [string, string, PrimitiveType, Literal | null])[]): string {
  const spec = {
    specId: 0,
    fields: fields.map(([name, transform], at) => ({
      fieldId: 1000 + at,
      sourceIds: [at + 1],
      name,
      transform: parseTransform(transform),
    })),
  }
  const types = fields.map(([, transform, source]) => transformResultType(parseTransform(transform), source))
  return partitionPath(
    spec,
    types,
    fields.map(([, , , value]) => value),
  )
}

function one(transform: string, type: PrimitiveType, value: Literal | null): string {
  return path(['p', transform, type, value]).slice(2)
}

test('the path names every field', () => {
  assert.equal(
    path(['region', 'identity', { kind: 'string' }, 'eu'], ['id_bucket', 'bucket[4]', { kind: 'long' }, 3]),
    'region=eu/id_bucket=3',
  )
  assert.equal(path(), '')
  assert.equal(one('identity', { kind: 'string' }, null), 'null')
})

test('parts of time read as dates', () => {
  assert.equal(one('year', { kind: 'date' }, 54), '2024')
  assert.equal(one('year', { kind: 'date' }, -1), '1969')
  assert.equal(one('month', { kind: 'date' }, 648), '2024-01')
  assert.equal(one('month', { kind: 'date' }, -1), '1969-12')
  assert.equal(one('day', { kind: 'timestamp' }, 19_723), '2024-01-01')
  assert.equal(one('hour', { kind: 'timestamp' }, 473_357), '2024-01-01-05')
  assert.equal(one('hour', { kind: 'timestamp' }, -1), '1969-12-31-23')
  assert.equal(one('identity', { kind: 'date' }, 19_723), '2024-01-01')
})

test('values read as the reference implementation prints them', () => {
  assert.equal(one('identity', { kind: 'time' }, 36_000_000_000n), '10%3A00')
  assert.equal(one('identity', { kind: 'time' }, 36_000_123_000n), '10%3A00%3A00.123')
  assert.equal(one('identity', { kind: 'time' }, 36_000_000_100n), '10%3A00%3A00.000100')
  assert.equal(one('identity', { kind: 'timestamp' }, 1_510_871_468_000_001n), '2017-11-16T22%3A31%3A08.000001')
  assert.equal(one('identity', { kind: 'timestamptz' }, 1_510_871_468_000_000n), '2017-11-16T22%3A31%3A08%2B00%3A00')
  assert.equal(one('identity', { kind: 'timestamp_ns' }, 1n), '1970-01-01T00%3A00%3A00.000000001')
  assert.equal(one('identity', { kind: 'decimal', precision: 9, scale: 2 }, -1420n), '-14.20')
  assert.equal(one('identity', { kind: 'boolean' }, true), 'true')
  assert.equal(one('identity', { kind: 'binary' }, new Uint8Array([1, 2, 3, 255])), 'AQID%2Fw%3D%3D')
  assert.equal(
    one('identity', { kind: 'uuid' }, Buffer.from('f79c3e09677c4bbda4793f349cb785e7', 'hex')),
    'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  )
  assert.equal(one('zorder', { kind: 'int' }, 'a'), 'a')
})

test('floating-point numbers have the form Java gives them', () => {
  const double = (value: number) => one('identity', { kind: 'double' }, value)
  assert.deepEqual([1, -0.5, 100, 1234567, 12345678, 1e21, 0.001, 0.00012, 123.456, -0].map(double), [
    '1.0',
    '-0.5',
    '100.0',
    '1234567.0',
    '1.2345678E7',
    '1.0E21',
    '0.001',
    '1.2E-4',
    '123.456',
    '-0.0',
  ])
  assert.deepEqual([Number.NaN, Number.POSITIVE_INFINITY].map(double), ['NaN', 'Infinity'])
  assert.equal(one('identity', { kind: 'float' }, Math.fround(0.1)), '0.1')
  assert.equal(one('identity', { kind: 'float' }, Math.fround(3.4028235e38)), '3.4028235E38')
})

test('names and values are encoded as in an HTML form', () => {
  assert.equal(
    path(['a b/c', 'identity', { kind: 'string' }, "x=1&y!~'()*é"]),
    'a+b%2Fc=x%3D1%26y%21%7E%27%28%29*%C3%A9',
  )
  assert.equal(one('identity', { kind: 'string' }, '\ud800'), '%EF%BF%BD')
})

const literal = fc.oneof<fc.Arbitrary<Literal | null>[]>(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.string(),
  fc.constantFrom('', ',', '_', 't', 'n1', 's1:a', '1', '\u0000', '%00', '%2500', '\u0000%', '%25\u0000'),
  fc.uint8Array({ maxLength: 4 }),
)

test('two tuples have one key exactly if they are the same partition', () => {
  const tuple = fc.array(literal, { maxLength: 3 })
  fc.assert(
    fc.property(fc.nat(2), tuple, fc.nat(2), tuple, (specA, a, specB, b) => {
      const same = specA === specB && a.length === b.length && a.every((value, at) => isSame(value, b[at] ?? null))
      assert.equal(partitionKey(specA, a) === partitionKey(specB, b), same)
    }),
  )
})

test('no key and no path has a character that databases do not take', () => {
  assert.equal(partitionKey(0, ['a\u0000b%', 'c']), '0,e8:a%00b%25,s1:c')
  assert.equal(partitionKey(0, ['a%00b']), '0,s5:a%00b')
  assert.equal(one('identity', { kind: 'string' }, 'a\u0000b'), 'a%00b')
})

test('promoted integers keep their key; zeros and NaN follow the spec', () => {
  const key = (value: Literal) => partitionKey(0, [value] satisfies PartitionTuple)
  assert.equal(key(5), key(5n))
  assert.notEqual(key(0), key(-0))
  assert.equal(key(Number.NaN), key(Number.NaN))
  assert.equal(key(new Uint8Array([1])), key(Buffer.from([0, 1]).subarray(1)))
})

function isSame(a: Literal | null, b: Literal | null): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (typeof a === 'bigint' || typeof b === 'bigint')
    return typeof a !== 'string' && typeof b !== 'string' && `${a}` === `${b}`
  return Object.is(a, b)
}
