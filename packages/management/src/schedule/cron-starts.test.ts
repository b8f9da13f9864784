import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EpochMs } from '@moraine/stdx/brand'
import { startsInZone } from './cron-starts.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Days in which clocks are put forward or back, by an hour, by half of one, at midnight, on one day or another. */
const NIGHTS: Readonly<Record<string, readonly string[]>> = {
  'Europe/Berlin': ['2026-03-29', '2026-10-25', '2026-07-01'],
  'America/New_York': ['2026-03-08', '2026-11-01'],
  'America/Havana': ['2026-03-08', '2026-11-01'],
  'Australia/Lord_Howe': ['2026-04-04', '2026-10-03'],
  'Africa/Cairo': ['2026-04-23', '2026-10-29'],
  'Africa/Casablanca': ['2026-02-15', '2026-03-22'],
  'Pacific/Chatham': ['2026-04-04', '2026-09-26'],
  'America/Santiago': ['2026-04-05', '2026-09-06'],
  'Asia/Kolkata': ['2026-12-31'],
  UTC: ['2026-12-31'],
}

test('an expression starts at each minute of the clock on the wall that it names, once, and later where that is skipped', () => {
  for (const [zone, nights] of Object.entries(NIGHTS))
    for (const night of nights)
      for (const cron of [
        '30 2 * * *',
        '45 1 * * *',
        '0 0 * * *',
        '15 2 * * *',
        '0 * * * *',
        '*/20 * * * *',
        '5 3 * * 0',
      ]) {
        const from = Date.parse(`${night}T00:00:00Z`) - 14 * HOUR_MS
        const until = from + 52 * HOUR_MS
        const expected = startsByWall(cron, zone, from, until)
        assert.deepEqual(startsBetween(cron, zone, from, until), expected, `${cron} in ${zone} around ${night}`)
      }
})

test('a start does not depend on the moment from which it is looked for', () => {
  const starts = startsInZone('30 2 * * *', 'Europe/Berlin')
  const day = Date.parse('2026-03-28T12:00:00Z')
  const expected = Date.parse('2026-03-29T01:30:00Z')
  for (const back of [1, HOUR_MS / 2, HOUR_MS, 5 * HOUR_MS, 12 * HOUR_MS, 1])
    assert.equal(starts((expected - back) as EpochMs), expected, `from ${back} ms before`)
  assert.equal(starts(day as EpochMs), expected, 'after later questions')
})

test('a start that is years away is found, and that there is none', () => {
  const at = Date.parse('2026-03-02T10:00:00Z') as EpochMs
  const next = (cron: string, zone: string) => {
    const start = startsInZone(cron, zone)(at)
    return start === undefined ? undefined : new Date(start).toISOString()
  }
  assert.equal(next('0 0 29 2 *', 'Europe/Berlin'), '2028-02-28T23:00:00.000Z')
  assert.equal(next('0 0 29 2 *', 'UTC'), '2028-02-29T00:00:00.000Z')
  assert.equal(next('0 0 30 2 *', 'Europe/Berlin'), undefined)
})

function startsBetween(cron: string, zone: string, from: number, until: number): readonly string[] {
  const next = startsInZone(cron, zone)
  const found: string[] = []
  for (let at = next((from - 1) as EpochMs); at !== undefined && at < until; at = next(at)) found.push(isoMinute(at))
  return found
}

/** The same from what a clock on the wall shows, minute by minute. */
function startsByWall(cron: string, zone: string, from: number, until: number): readonly string[] {
  const wall = wallClock(zone)
  const starts = new Set<number>()
  const seen = new Set<number>()
  for (let at = from - 6 * HOUR_MS, before = wall(at) - MINUTE_MS; at < until; at += MINUTE_MS) {
    const shown = wall(at)
    // What is skipped comes as much later: at as many minutes from the moment of the change.
    for (let skipped = before + MINUTE_MS; skipped < shown; skipped += MINUTE_MS)
      if (names(cron, skipped)) starts.add(at + skipped - before - MINUTE_MS)
    if (!seen.has(shown) && names(cron, shown)) starts.add(at)
    seen.add(shown)
    before = shown
  }
  return [...starts]
    .filter((at) => at >= from && at < until)
    .sort((a, b) => a - b)
    .map(isoMinute)
}

/** What it shows, as if it were UTC. */
function wallClock(zone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  return (at) => Date.parse(`${format.format(at).replace(' ', 'T')}Z`)
}

function names(cron: string, wall: number): boolean {
  const [minute = '', hour = '', , , weekday = ''] = cron.split(' ')
  const date = new Date(wall)
  return holds(minute, date.getUTCMinutes()) && holds(hour, date.getUTCHours()) && holds(weekday, date.getUTCDay())
}

function holds(field: string, value: number): boolean {
  if (field === '*') return true
  return field.startsWith('*/') ? value % Number(field.slice(2)) === 0 : Number(field) === value
}

function isoMinute(at: number): string {
  return new Date(at).toISOString().slice(0, 16)
}
