import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { civilDate, epochDay } from './civil-date.ts'

const MS_PER_DAY = 86_400_000

test('days agree with the platform calendar over all of its range, and back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (days) => {
      const date = new Date(days * MS_PER_DAY)
      const civil = civilDate(days)
      assert.deepEqual(civil, { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() })
      assert.equal(epochDay(civil), days)
    }),
  )
})

test('days that are in no calendar are refused', () => {
  assert.equal(epochDay({ year: 2023, month: 2, day: 29 }), undefined)
  assert.equal(epochDay({ year: 1900, month: 2, day: 29 }), undefined)
  assert.equal(epochDay({ year: 2024, month: 4, day: 31 }), undefined)
  assert.equal(epochDay({ year: 2024, month: 0, day: 1 }), undefined)
  assert.equal(epochDay({ year: 2024, month: 13, day: 1 }), undefined)
  assert.equal(epochDay({ year: 2024, month: 1, day: 0 }), undefined)
  assert.equal(epochDay({ year: 2024, month: 2, day: 29 }), 19_782)
})
