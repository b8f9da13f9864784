import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { isKind } from '@moraine/stdx/error'
import fc from 'fast-check'
import { neverOpens, openingAt, parseSchedule } from './opening.ts'

const at = (iso: string) => Date.parse(iso) as EpochMs

function opening(windows: string, blackouts: string, iso: string) {
  const { kind, until } = openingAt(parseSchedule(windows, blackouts), at(iso))
  return `${kind} until ${until === undefined ? 'ever' : new Date(until).toISOString().replace('.000Z', 'Z')}`
}

test('without windows work may begin at any time but in a blackout', () => {
  assert.equal(opening('', '', '2026-03-02T10:00:00Z'), 'open until ever')
  assert.equal(opening('', '0 12 * * * for 2h', '2026-03-02T10:00:00Z'), 'open until 2026-03-02T12:00:00Z')
  assert.equal(opening('', '0 12 * * * for 2h', '2026-03-02T12:00:00Z'), 'blackout until 2026-03-02T14:00:00Z')
  assert.equal(opening('', '0 12 * * * for 2h', '2026-03-02T14:00:00Z'), 'open until 2026-03-03T12:00:00Z')
})

test('work may begin within a window, by the clock of its zone, over midnight too', () => {
  const nightly = '0 22 * * 1-5 for 6h Europe/Berlin'
  assert.equal(opening(nightly, '', '2026-03-02T20:59:59.999Z'), 'outside-windows until 2026-03-02T21:00:00Z')
  assert.equal(opening(nightly, '', '2026-03-02T21:00:00Z'), 'open until 2026-03-03T03:00:00Z')
  assert.equal(opening(nightly, '', '2026-03-03T02:59:59.999Z'), 'open until 2026-03-03T03:00:00Z')
  assert.equal(opening(nightly, '', '2026-03-03T03:00:00Z'), 'outside-windows until 2026-03-03T21:00:00Z')
  assert.equal(opening(nightly, '', '2026-03-07T04:00:00Z'), 'outside-windows until 2026-03-09T21:00:00Z')
})

test('several windows are one opening where they touch, and a blackout cuts into them', () => {
  const windows = '0 0 * * 6 for 1d; 0 0 * * 0 for 1d'
  assert.equal(opening(windows, '', '2026-03-07T10:00:00Z'), 'open until 2026-03-09T00:00:00Z')
  assert.equal(opening(windows, '0 12 7 3 * for 1h', '2026-03-07T10:00:00Z'), 'open until 2026-03-07T12:00:00Z')
  assert.equal(opening(windows, '0 12 7 3 * for 1h', '2026-03-07T12:30:00Z'), 'blackout until 2026-03-07T13:00:00Z')
  assert.equal(
    opening('0 1 * * * for 1h', '0 1 * * 1-6 for 1h', '2026-03-02T00:00:00Z'),
    'outside-windows until 2026-03-08T01:00:00Z',
  )
})

test('a start that the clock jumps over comes as much later, one that it repeats comes once', () => {
  const early = '30 2 * * * for 1h Europe/Berlin'
  assert.equal(opening(early, '', '2026-03-29T01:00:00Z'), 'outside-windows until 2026-03-29T01:30:00Z')
  assert.equal(opening(early, '', '2026-03-29T01:30:00Z'), 'open until 2026-03-29T02:30:00Z')
  assert.equal(opening(early, '', '2026-10-25T00:30:00Z'), 'open until 2026-10-25T01:30:00Z')
  assert.equal(opening(early, '', '2026-10-25T01:30:00Z'), 'outside-windows until 2026-10-26T01:30:00Z')
  const longNight = '0 22 * * * for 6h Europe/Berlin'
  assert.equal(opening(longNight, '', '2026-10-24T21:00:00Z'), 'open until 2026-10-25T02:00:00Z', 'hours are hours')
})

test('windows that never begin keep closed, and those that never end keep open', () => {
  assert.equal(opening('0 0 30 2 * for 1h', '', '2026-03-02T10:00:00Z'), 'outside-windows until ever')
  assert.equal(opening('* * * * * for 1h', '', '2026-03-02T10:00:00Z'), 'open until ever')
})

test('what leaves no time at all is told from what opens seldom', () => {
  const never = (windows: string, blackouts: string) =>
    neverOpens(parseSchedule(windows, blackouts), at('2026-03-02T10:00:00Z'))
  for (const [windows, blackouts] of [
    ['0 2 30 2 *  for 1h', ''],
    ['', '0 0 * * * for 1d'],
    ['', '0 * * * * for 1h Asia/Kolkata'],
    ['', '0 0 * * * for 12h Europe/Berlin; 0 12 * * * for 12h Europe/Berlin'],
    ['', '0 0 1 * * for 31d'],
    ['0 2 * * * for 1h America/New_York', '0 1 * * * for 4h America/New_York'],
    ['', '* * * * * for 1h'],
    ['', '* * * * * for 1d Europe/Berlin'],
    ['', '*/5 * * * * for 5m'],
    ['', '* * * * * for 1m'],
    ['', '* * * * 0-3 for 1m; * * * * 4-6 for 1m'],
    ['', '* * 1-31 * * for 1h'],
  ] as const)
    assert.equal(never(windows, blackouts), true, `${windows} | ${blackouts}`)
  for (const [windows, blackouts] of [
    ['', ''],
    ['0 2 29 2 * for 1h', ''],
    ['', '0 0 * 1-11 * for 1d'],
    ['', '0 0 1 * * for 30d'],
    ['0 2 * * * for 1h Asia/Tokyo', '0 2 * * * for 1h Europe/Berlin'],
    ['', '*/5 * * * * for 4m'],
    ['', '* * * * 1-6 for 1d; 0-58 * * * 1 for 1m'],
    ['', '* * * * 1-5 for 1h'],
  ] as const)
    assert.equal(never(windows, blackouts), false, `${windows} | ${blackouts}`)
})

test('the end of blackouts that overlap is found, however often they begin', () => {
  assert.equal(opening('', '* * * * 1-5 for 1h', '2026-03-02T10:00:00Z'), 'blackout until 2026-03-07T00:59:00Z')
  assert.equal(opening('', '*/5 8-17 * * * for 20m', '2026-03-02T10:00:00Z'), 'blackout until 2026-03-02T18:15:00Z')
  assert.equal(
    opening('', '0 8 * * * for 2h; 30 8 * * * for 3h', '2026-03-02T09:00:00Z'),
    'blackout until 2026-03-02T11:30:00Z',
  )
})

test('what cannot be read is named with the remedy', () => {
  const bad = [
    ['0 22 * * *', /not written as CRON for DURATION/],
    ['0 22 * * * for 0h', /one minute at least/],
    ['0 22 * * * for 99d', /31 days at most/],
    [
      '61 22 * * * for 1h',
      /: its minute '61' cannot be read: it is made of 0 to 59, \*, and , - \/; write for example '/,
    ],
    ['0 22 * * MON-FRY for 1h', /: its day of the week 'MON-FRY' cannot be read: it is made of 0 to 7, SUN to SAT/],
    ['0 22 31-1 * * for 1h', /: its day of the month '31-1' cannot be read/],
    ['0 22 * * for 1h', /: '0 22 \* \*' has 4 fields instead of five \(minute, hour, day of the month, month, day of/],
    ['0 22 * * * for 1h Nowhere/City', /: 'Nowhere\/City' is no time zone of the IANA database; write for example/],
    ['0 22 * * * for 1h UTC; nonsense', /window 'nonsense'/],
  ] as const
  for (const [text, reason] of bad) {
    assert.throws(
      () => parseSchedule(text, ''),
      (error) =>
        isKind(error, 'invalid-input') &&
        reason.test(error.message) &&
        error.message.includes('Europe/Berlin') &&
        error.cause === undefined,
      text,
    )
  }
})

test('text without end is refused before it is read', () => {
  const refused = (windows: string, reason: RegExp) =>
    assert.throws(
      () => parseSchedule('', windows),
      (error) => isKind(error, 'invalid-input') && reason.test(error.message),
    )
  refused(`x${' '.repeat(60_000)}y`, /^windows of 60,002 characters: 2048 are the most/)
  refused(
    Array.from({ length: 21 }, (_, minute) => `${minute} * * * * for 1m`).join(';'),
    /^21 windows: 20 are the most/,
  )
  assert.equal(parseSchedule('', ';0  22 * * *   for 6 h;;').blackouts.length, 1)
})

test('what is said to hold until a moment holds until then, and not after', () => {
  const hour = fc.integer({ min: 0, max: 23 })
  const window = fc
    .tuple(
      hour,
      fc.constantFrom('*', '1-5', '0', '3'),
      fc.integer({ min: 1, max: 30 }),
      fc.constantFrom('UTC', 'America/New_York', 'Asia/Kolkata'),
      fc.constantFrom('0', '*/20'),
    )
    .map(([start, days, hours, zone, minutes]) => `${minutes} ${start} * * ${days} for ${hours}h ${zone}`)
  const windows = fc.array(window, { maxLength: 2 }).map((each) => each.join(';'))
  const moment = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z') })
  fc.assert(
    fc.property(windows, windows, moment, fc.double({ min: 0, max: 1, noNaN: true }), (some, none, now, share) => {
      const schedule = parseSchedule(some, none)
      const { kind, until } = openingAt(schedule, now as EpochMs)
      if (until === undefined) return
      assert.ok(until > now)
      const isOpen = (time: number) => openingAt(schedule, time as EpochMs).kind === 'open'
      assert.equal(isOpen(Math.floor(now + (until - 1 - now) * share)), kind === 'open')
      assert.equal(isOpen(later(until, -1)), kind === 'open')
      assert.equal(isOpen(until), kind !== 'open')
    }),
    { numRuns: 60 },
  )
})
