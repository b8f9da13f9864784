import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IcebergType, NestedField } from '@moraine/iceberg/schema/type'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { canonicalRow, type RowValue, sortCanonical } from './canonical-row.ts'

const field = (name: string, type: IcebergType, id = 1): NestedField => ({ id, name, required: false, type })
const one = (type: IcebergType, value: RowValue) => canonicalRow({ c: value }, [field('c', type)]).slice(5, -1)

const EXAMPLES: readonly (readonly [IcebergType, RowValue, string])[] = [
  [{ kind: 'boolean' }, true, 'true'],
  [{ kind: 'int' }, -1, '-1'],
  [{ kind: 'long' }, 9223372036854775807n, '9223372036854775807'],
  [{ kind: 'float' }, Math.fround(0.1), '"0.1"'],
  [{ kind: 'float' }, Math.fround(1e-45), '"1e-45"'],
  [{ kind: 'float' }, Math.fround(16777216), '"16777216"'],
  [{ kind: 'float' }, Math.fround(3.4028234663852886e38), '"3.4028235e+38"'],
  [{ kind: 'float' }, Number.NaN, '"NaN"'],
  [{ kind: 'float' }, -0, '"-0"'],
  [{ kind: 'double' }, Math.fround(0.1), '"0.10000000149011612"'],
  [{ kind: 'double' }, 1e21, '"1e+21"'],
  [{ kind: 'double' }, -0, '"-0"'],
  [{ kind: 'double' }, Number.NEGATIVE_INFINITY, '"-Infinity"'],
  [{ kind: 'decimal', precision: 9, scale: 2 }, -50n, '"-0.50"'],
  [{ kind: 'decimal', precision: 38, scale: 0 }, 10n ** 37n, `"1${'0'.repeat(37)}"`],
  [{ kind: 'date' }, -1, '"1969-12-31"'],
  [{ kind: 'date' }, 11_016, '"2000-02-29"'],
  [{ kind: 'date' }, 2_932_897, '"+010000-01-01"'],
  [{ kind: 'date' }, -719_529, '"-000001-12-31"'],
  [{ kind: 'time' }, 86_399_999_999n, '"23:59:59.999999"'],
  [{ kind: 'timestamp' }, -1n, '"1969-12-31T23:59:59.999999"'],
  [{ kind: 'timestamptz' }, 0n, '"1970-01-01T00:00:00.000000Z"'],
  [{ kind: 'timestamp_ns' }, -1n, '"1969-12-31T23:59:59.999999999"'],
  [{ kind: 'timestamptz_ns' }, 1n, '"1970-01-01T00:00:00.000000001Z"'],
  [{ kind: 'string' }, 'é"\n\u0001\u{1f600}\u2028', '"é\\"\\n\\u0001\u{1f600}\u2028"'],
  [{ kind: 'uuid' }, new Uint8Array(16).fill(0xab), '"abababab-abab-abab-abab-abababababab"'],
  [{ kind: 'uuid' }, 'ABABABAB-abab-abab-abab-abababababab', '"abababab-abab-abab-abab-abababababab"'],
  [{ kind: 'binary' }, Uint8Array.of(0, 255), '"00ff"'],
  [{ kind: 'fixed', length: 1 }, Uint8Array.of(1), '"01"'],
  [{ kind: 'unknown' }, null, 'null'],
  [{ kind: 'variant' }, { b: [1, 1.5, null], a: 'x' }, '{"a":"x","b":[1,"1.5",null]}'],
]

for (const [type, value, text] of EXAMPLES) {
  test(`${type.kind} ${text}`, () => assert.equal(one(type, value), text))
}

test('columns, fields of structs and entries of maps are sorted by UTF-8 bytes', () => {
  const long: IcebergType = { kind: 'long' }
  const struct: IcebergType = { kind: 'struct', fields: [field('b', long), field('a', long), field('10', long)] }
  const map: IcebergType = { kind: 'map', keyId: 2, key: long, valueId: 3, valueRequired: false, value: struct }
  const list: IcebergType = { kind: 'list', elementId: 4, elementRequired: false, element: map }
  // U+FF5E sorts before U+1F600 in UTF-8, after it in UTF-16.
  const fields = [field('\u{1f600}', long), field('\uff5e', long), field('2', list), field('1', long)]
  const entries = new Map<RowValue, RowValue>([
    [2n, null],
    [10n, { a: 1, b: null, '10': 3 }],
  ])
  assert.equal(
    canonicalRow({ '1': 1, '2': [entries, null], '\u{1f600}': 2, '\uff5e': 3 }, fields),
    '{"1":1,"2":[[[10,{"10":3,"a":1,"b":null}],[2,null]],null],"\uff5e":3,"\u{1f600}":2}',
  )
})

test('a value that does not fit its type is refused, with its place', () => {
  const wrong: readonly (readonly [IcebergType, RowValue])[] = [
    [{ kind: 'int' }, 1.5],
    [{ kind: 'long' }, 2 ** 53],
    [{ kind: 'double' }, 1n],
    [{ kind: 'string' }, '\ud800'],
    [{ kind: 'boolean' }, 'true'],
    [{ kind: 'binary' }, 'ff'],
    [{ kind: 'unknown' }, 1],
    [{ kind: 'list', elementId: 2, elementRequired: false, element: { kind: 'int' } }, new Map()],
    [{ kind: 'struct', fields: [field('x', { kind: 'int' })] }, {}],
  ]
  for (const [type, value] of wrong) {
    assert.throws(
      () => one(type, value),
      (error) => isKind(error, 'invalid-input') && error.message.startsWith('c'),
    )
  }
  assert.throws(() => canonicalRow({}, [field('toString', { kind: 'string' })]), /toString is absent/)
})

test('a float has the shortest text that gives it again, a double too', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      const text = JSON.parse(one({ kind: 'float' }, value)) as string
      assert.ok(Object.is(Math.fround(Number(text)), value))
      assert.ok(text.replace(/e.*|[^0-9]/g, '').replace(/^0+|0+$/g, '').length <= 9)
    }),
  )
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) =>
      Object.is(Number(JSON.parse(one({ kind: 'double' }, value))), value),
    ),
  )
})

test('dates agree with the platform over its whole range', () => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (days) => {
      const [date] = new Date(days * 86_400_000).toISOString().split('T')
      assert.equal(one({ kind: 'date' }, days), JSON.stringify(date))
    }),
  )
})

test('texts are sorted by their bytes', () => {
  assert.deepEqual(sortCanonical(['\u{1f600}', 'b', '\uff5e', 'a']), ['a', 'b', '\uff5e', '\u{1f600}'])
})
