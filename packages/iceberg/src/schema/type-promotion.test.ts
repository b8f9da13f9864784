import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTransform } from '../partition/transform.ts'
import type { PrimitiveType } from './type.ts'
import { canPromote, promotionKeepsPartition } from './type-promotion.ts'
import { parsePrimitiveType } from './type-text.ts'

function type(text: string): PrimitiveType {
  const parsed = parsePrimitiveType(text)
  assert.ok(parsed, text)
  return parsed
}

test('promotions are those of the spec', () => {
  const allowed = (from: string, to: string, version: number) => canPromote(type(from), type(to), version)
  for (const version of [1, 2, 3]) {
    assert.ok(allowed('int', 'long', version))
    assert.ok(allowed('float', 'double', version))
    assert.ok(allowed('decimal(9, 2)', 'decimal(10, 2)', version))
    assert.ok(allowed('string', 'string', version))
    assert.ok(!allowed('long', 'int', version))
    assert.ok(!allowed('int', 'double', version))
    assert.ok(!allowed('decimal(9, 2)', 'decimal(8, 2)', version))
    assert.ok(!allowed('decimal(9, 2)', 'decimal(10, 3)', version))
    assert.ok(!allowed('date', 'timestamptz', version))
    assert.equal(allowed('date', 'timestamp', version), version === 3)
    assert.equal(allowed('date', 'timestamp_ns', version), version === 3)
    assert.equal(allowed('unknown', 'string', version), version === 3)
  }
})

test('partitions forbid promotions that would move rows', () => {
  const keeps = (transform: string, from: string, to: string) =>
    promotionKeepsPartition(parseTransform(transform), type(from), type(to))
  assert.ok(keeps('bucket[4]', 'int', 'long'))
  assert.ok(keeps('identity', 'decimal(9, 2)', 'decimal(10, 2)'))
  assert.ok(keeps('day', 'date', 'timestamp'))
  assert.ok(!keeps('bucket[4]', 'date', 'timestamp'))
  assert.ok(!keeps('identity', 'date', 'timestamp_ns'))
})
