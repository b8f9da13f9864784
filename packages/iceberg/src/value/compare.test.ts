import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { compareLiterals, compareUtf8, isOrdered } from './compare.ts'

test('text is ordered by its UTF-8 bytes', () => {
  const anyText = fc.string({
    unit: fc.oneof(fc.constantFrom('\uffff', '\ue000', '\u{10000}', 'a'), fc.string({ unit: 'grapheme' })),
  })
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
  assert.ok(compareUtf8('\u{1F9CA}', '\uffff') > 0)
})

test('floating-point numbers have one order for all values', () => {
  const ordered = [-Infinity, -1.5, -0, 0, 1e-300, Infinity, Number.NaN]
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.equal(Math.sign(compareLiterals({ kind: 'double' }, a, b)), Math.sign(i - j), `${a} and ${b}`)
    }
  }
})

test('bytes are unsigned', () => {
  const compare = (a: number[], b: number[]) =>
    compareLiterals({ kind: 'binary' }, new Uint8Array(a), new Uint8Array(b))
  assert.ok(compare([0x80], [0x7f]) > 0)
  assert.ok(compare([1], [1, 0]) < 0)
  assert.equal(compare([1, 2], [1, 2]), 0)
})

test('integers compare across their representations', () => {
  assert.equal(compareLiterals({ kind: 'long' }, 5, 5n), 0)
  assert.ok(compareLiterals({ kind: 'long' }, 2n ** 62n, 2n ** 62n + 1n) < 0)
  assert.ok(compareLiterals({ kind: 'boolean' }, false, true) < 0)
})

test('types without an order say so', () => {
  assert.equal(isOrdered({ kind: 'variant' }), false)
  assert.throws(
    () => compareLiterals({ kind: 'geometry' }, new Uint8Array(0), new Uint8Array(0)),
    (error) => isKind(error, 'unsupported'),
  )
})
