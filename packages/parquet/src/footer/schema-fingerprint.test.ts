import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { SchemaElement } from './file-metadata.ts'
import { fingerprintDifference, schemaFingerprint } from './schema-fingerprint.ts'
import { schemaTree } from './schema-tree.ts'

const column = (element: Partial<SchemaElement>): SchemaElement => {
  return { name: 'v', repetition: 'OPTIONAL', fieldId: 1, ...element }
}
const fingerprint = (elements: readonly SchemaElement[], root = 'root') => {
  const { root: schema } = schemaTree([{ name: root, numChildren: elements.length }, ...elements])
  return schemaFingerprint(schema)
}
const same = (a: Partial<SchemaElement>, b: Partial<SchemaElement>) => {
  return fingerprint([column(a)], 'spark_schema') === fingerprint([column(b)], 'duckdb_schema')
}

suite('the fingerprint of a schema', () => {
  test('is the same for both forms of an annotation, and without one that says nothing', () => {
    assert.ok(same({ type: 'BYTE_ARRAY', convertedType: 0 }, { type: 'BYTE_ARRAY', logicalType: { kind: 'string' } }))
    assert.ok(same({ type: 'INT64', convertedType: 18 }, { type: 'INT64' }))
    assert.ok(
      same({ type: 'INT32', logicalType: { kind: 'integer', bitWidth: 32, isSigned: true } }, { type: 'INT32' }),
    )
    const micros = { kind: 'timestamp', isAdjustedToUtc: true, unit: 'micros' } as const
    assert.ok(same({ type: 'INT64', convertedType: 10 }, { type: 'INT64', convertedType: 10, logicalType: micros }))
    const decimal = { kind: 'decimal', scale: 2, precision: 9 } as const
    assert.ok(
      same({ type: 'INT32', convertedType: 5, scale: 2, precision: 9 }, { type: 'INT32', logicalType: decimal }),
    )
  })

  test('differs wherever readers would see another column', () => {
    const different = (a: Partial<SchemaElement>, b: Partial<SchemaElement>) => assert.ok(!same(a, b))
    different({ type: 'INT32' }, { type: 'INT64' })
    different({ type: 'INT32' }, { type: 'INT32', repetition: 'REQUIRED' })
    different({ type: 'INT32' }, { type: 'INT32', name: 'w' })
    different({ type: 'INT32' }, { type: 'INT32', fieldId: 2 })
    different({ type: 'INT32', convertedType: 16 }, { type: 'INT32' })
    different({ type: 'INT64', convertedType: 14 }, { type: 'INT64' })
    different({ type: 'BYTE_ARRAY', convertedType: 0 }, { type: 'BYTE_ARRAY' })
    different({ type: 'FIXED_LEN_BYTE_ARRAY', typeLength: 8 }, { type: 'FIXED_LEN_BYTE_ARRAY', typeLength: 16 })
    const local = { kind: 'timestamp', isAdjustedToUtc: false, unit: 'micros' } as const
    different(
      { type: 'INT64', logicalType: local },
      { type: 'INT64', logicalType: { ...local, isAdjustedToUtc: true } },
    )
    different(
      { type: 'INT32', logicalType: { kind: 'other', fieldId: 19, hex: 'a' } },
      { type: 'INT32', logicalType: { kind: 'other', fieldId: 20, hex: 'b' } },
    )
  })

  test('names the first difference', () => {
    const a = fingerprint([column({ type: 'INT32' }), column({ type: 'INT64', name: 'x', fieldId: 2 })])
    const b = fingerprint([column({ type: 'INT32' })])
    assert.equal(fingerprintDifference(a, b), '["x"] OPTIONAL INT64 id 2 against no column')
    assert.equal(fingerprintDifference(b, a), 'no column against ["x"] OPTIONAL INT64 id 2')
    assert.equal(fingerprintDifference(a, a), undefined)
  })
})

test('leaves are those without children, in order', () => {
  const nested: SchemaElement[] = [
    { name: 'root', numChildren: 1 },
    { name: 's', repetition: 'REQUIRED', numChildren: 2, fieldId: 1 },
    column({ type: 'INT32', fieldId: 2 }),
    column({ type: 'INT64', name: 'w', fieldId: 3 }),
  ]
  const { leaves } = schemaTree(nested)
  assert.deepEqual(
    leaves.map(({ path, element }) => [path, element.fieldId]),
    [
      [['s', 'v'], 2],
      [['s', 'w'], 3],
    ],
  )
})

test('a schema whose counts do not add up is corrupt', () => {
  const leaf = column({ type: 'INT32' })
  const build = (elements: readonly SchemaElement[]) => () => schemaTree(elements)
  assert.throws(build([{ name: 'root', numChildren: 2 }, leaf]), /ends before its last group/)
  assert.throws(build([{ name: 'root', numChildren: 1 }, leaf, leaf]), /1 elements outside of its root/)
  assert.throws(build([{ name: 'root', numChildren: 1 }, column({})]), /neither a type nor children/)
  assert.throws(
    build([{ name: 'root', numChildren: 1 }, column({ type: 'INT32', numChildren: 1 }), leaf]),
    /both a type/,
  )
  assert.throws(
    build([
      { name: 'root', numChildren: 1 },
      { name: 'v', type: 'INT32' },
    ]),
    /no repetition type/,
  )
  const deep = Array.from({ length: 300 }, (): SchemaElement => ({ name: 'g', repetition: 'OPTIONAL', numChildren: 1 }))
  assert.throws(build([{ name: 'root', numChildren: 1 }, ...deep, leaf]), /nested deeper than 128/)
})
