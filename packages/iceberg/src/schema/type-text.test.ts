import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPrimitiveType, parsePrimitiveType } from './type-text.ts'

test('texts are read and written back', () => {
  for (const text of [
    'boolean',
    'timestamptz_ns',
    'variant',
    'unknown',
    'decimal(9, 2)',
    'fixed[16]',
    'geometry',
    'geometry(srid:4326)',
    'geography',
    'geography(OGC:CRS84)',
    'geography(srid:4326, karney)',
  ]) {
    const type = parsePrimitiveType(text)
    assert.ok(type, text)
    assert.equal(formatPrimitiveType(type), text)
  }
})

test('blanks and case do not count', () => {
  assert.deepEqual(parsePrimitiveType('Decimal( 9,2 )'), { kind: 'decimal', precision: 9, scale: 2 })
  assert.deepEqual(parsePrimitiveType('fixed[ 3 ]'), { kind: 'fixed', length: 3 })
  assert.deepEqual(parsePrimitiveType('geography( EPSG:4326 , Vincenty )'), {
    kind: 'geography',
    crs: 'EPSG:4326',
    algorithm: 'vincenty',
  })
})

test('an omitted crs is written where an algorithm follows', () => {
  assert.equal(formatPrimitiveType({ kind: 'geography', algorithm: 'thomas' }), 'geography(OGC:CRS84, thomas)')
})

test('other texts are no types', () => {
  for (const text of [
    '',
    'struct',
    'int32',
    'decimal',
    'decimal(0,0)',
    'decimal(39,0)',
    'decimal(9)',
    'fixed[]',
    'fixed[4294967296]',
    'geometry()',
    'geometry(a,b)',
    'geography(a,b,c)',
    'constructor',
  ]) {
    assert.equal(parsePrimitiveType(text), undefined, text)
  }
})
