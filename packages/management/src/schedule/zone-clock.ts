import { type EpochMs, later } from '@moraine/stdx/brand'

/** The clocks of a time zone, which are put forward and back now and then. */
export type ZoneClock = {
  /** The stretch of time around `at` in which they keep one offset. */
  stretchAt(at: EpochMs): Stretch
}

export type Stretch = {
  /** From UTC, in minutes: 60 for UTC+1. */
  readonly offset: number
  /** How the clocks came to it, if that is known: in this year or the one before. */
  readonly change: ClockChange | undefined
  /** The next change, or a moment before it. */
  readonly until: EpochMs
}

export type ClockChange = { readonly at: EpochMs; readonly before: number; readonly after: number }

/**
 * Changes are looked for once for each year, and kept.
 *
 * @param zone an IANA name
 */
export function zoneClock(zone: string): ZoneClock {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  const clock = openClock(zone)
  clocks.set(zone, clock)
  return clock
}

/** There are some hundreds of zones. */
const clocks = new Map<string, ZoneClock>()

function openClock(zone: string): ZoneClock {
  const offsetAt = offsets(zone)
  const years = new Map<number, readonly ClockChange[]>()
  const changesIn = (year: number) => {
    const known = years.get(year)
    if (known !== undefined) return known
    const changes = findChanges(offsetAt, year)
    years.set(year, changes)
    return changes
  }
  return {
    stretchAt(at) {
      const year = new Date(at).getUTCFullYear()
      const changes = [...changesIn(year - 1), ...changesIn(year), ...changesIn(year + 1)]
      const change = changes.findLast((one) => one.at <= at)
      const next = changes.find((one) => one.at > at)
      return {
        offset: change?.after ?? next?.before ?? offsetAt(at),
        change,
        until: next?.at ?? yearStart(year + 2),
      }
    },
  }
}

/** No clock keeps an offset for less: the shortest known is that of a Ramadan. */
const STEP_MS = 7 * 86_400_000
const MINUTE_MS = 60_000

function findChanges(offsetAt: (at: EpochMs) => number, year: number): readonly ClockChange[] {
  const end = yearStart(year + 1)
  const changes: ClockChange[] = []
  let from = yearStart(year)
  while (from < end) {
    const to = Math.min(later(from, STEP_MS), end) as EpochMs
    const [before, after] = [offsetAt(from), offsetAt(to)]
    if (before !== after) changes.push({ at: changeBetween(offsetAt, from, to), before, after })
    from = to
  }
  return changes
}

/** The first minute of another offset than that of `from`; at `to` it is another. */
function changeBetween(offsetAt: (at: EpochMs) => number, from: EpochMs, to: EpochMs): EpochMs {
  const before = offsetAt(from)
  let [low, high] = [from / MINUTE_MS, to / MINUTE_MS]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt((middle * MINUTE_MS) as EpochMs) === before) low = middle
    else high = middle
  }
  return (high * MINUTE_MS) as EpochMs
}

function yearStart(year: number): EpochMs {
  return Date.UTC(year, 0, 1) as EpochMs
}

function offsets(zone: string): (at: EpochMs) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  return (at) => {
    const text = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
    const [, sign = '+', hours = '0', minutes = '0'] = /^GMT([+-])(\d\d):(\d\d)/.exec(text) ?? []
    return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  }
}
