import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseLevels, parseTableRef } from '../table/table-ref.ts'
import { formatName } from './name-text.ts'

test('names are quoted where that is needed', () => {
  assert.equal(formatName(['db', 'orders']), 'db.orders')
  assert.equal(formatName(['sales', 'we.ird', 'sla/sh', 'say "hi"']), 'sales."we.ird"."sla/sh"."say ""hi"""')
  assert.equal(formatName([' a', 'a b']), '" a".a b')
})

test('what is printed is taken again', () => {
  const levels = fc.array(fc.string({ minLength: 1, unit: 'binary' }), { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(levels, (names) => {
      assert.deepEqual(parseTableRef(formatName(names)), { kind: 'identifier', levels: names })
      assert.deepEqual(parseLevels(formatName(names), 'name'), names)
    }),
  )
})
