import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideExpiryNotice, type ExpiryNotice, type Validity } from './certificate-expiry.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const year = { fromMs: 0, untilMs: 365 * DAY_MS }

/** At which times what is told, of those at which it is asked. */
function told(validity: Validity, times: readonly number[]): readonly (readonly [number, string])[] {
  let last: ExpiryNotice | undefined
  return times.flatMap((nowMs) => {
    const notice = decideExpiryNotice(validity, nowMs, last)
    last = notice ?? last
    return notice === undefined ? [] : [[nowMs, notice.state] as const]
  })
}

test('one of a year is told of in its last two weeks, once a day', () => {
  const soon = 351 * DAY_MS
  const times = [0, soon - 1, soon, soon + HOUR_MS, soon + DAY_MS - 1, soon + DAY_MS]
  assert.deepEqual(told(year, times), [
    [soon, 'expires-soon'],
    [soon + DAY_MS, 'expires-soon'],
  ])
})

test('one of a day is told of in its last hours: it is renewed before, if all is well', () => {
  const times = [0, 16, 21, 22].map((hours) => hours * HOUR_MS)
  assert.deepEqual(told({ fromMs: 0, untilMs: DAY_MS }, times), [[22 * HOUR_MS, 'expires-soon']])
})

test('one that has expired is told of at once, and each hour', () => {
  const end = year.untilMs
  assert.deepEqual(told(year, [end - 1, end, end + HOUR_MS - 1, end + HOUR_MS]), [
    [end - 1, 'expires-soon'],
    [end, 'expired'],
    [end + HOUR_MS, 'expired'],
  ])
})

test('the one that takes its place is told of by itself', () => {
  const other = { fromMs: 0, untilMs: year.untilMs - 1 }
  const notice = decideExpiryNotice(year, year.untilMs, undefined)
  assert.equal(decideExpiryNotice(other, year.untilMs, notice)?.untilMs, other.untilMs)
})
