import { type EpochMs, later } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { counted } from '@moraine/stdx/human-text'
import { Cron } from 'croner'

/** When windows begin, and how long they last. */
export type Starts = {
  readonly durationMs: number
  /** The first start after `after`; `undefined` if there is none. */
  nextStart(after: EpochMs): EpochMs | undefined
}

/** A stretch of time that begins again and again, by the clock of a place. */
export type TimeWindow = Starts & {
  /** By a clock that keeps its offset, all that it starts in so much time it starts again in the next. */
  readonly periodMs: number
  /** The same by a clock that keeps the offset it has at that time: reckoned with in a small part of the time. */
  steadily(at: EpochMs): Starts
}

/**
 * Reads windows that are separated by semicolons, each `CRON for DURATION [ZONE]`: a cron expression of five fields says
 * when it starts, by the clock of the zone (an IANA name; UTC if none is given), the duration (`90m`, `6h`, `2d`) how much
 * time it lasts. Example: `0 22 * * 1-5 for 6h Europe/Berlin; 0 0 * * 6 for 2d`.
 *
 * Where the clock is put forward over a start, the window starts as much later; where it is put back, at the first of both.
 *
 * @throws {MoraineError} `invalid-input` naming the window and what is wrong with it
 */
export function parseTimeWindows(text: string): readonly TimeWindow[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseTimeWindow)
}

const WINDOW = /^(.+?)\s+for\s+(\d{1,6})\s*([mhd])(?:\s+(\S+))?$/i
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const LONGEST_MS = 31 * 86_400_000

function parseTimeWindow(text: string): TimeWindow {
  const [, cron = '', count = '', unit = '', zone = UTC] = WINDOW.exec(text) ?? []
  const durationMs = Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 0)
  if (cron === '') throw invalidWindow(text, 'it is not written as CRON for DURATION [ZONE]')
  if (durationMs <= 0 || durationMs > LONGEST_MS)
    throw invalidWindow(text, 'it lasts one minute at least, 31 days at most')
  const nextStart = startsOf(openCron(text, cron, zone), zone)
  const steadily = (at: EpochMs) => ({
    durationMs,
    nextStart: startsByOffset(new Cron(cron, { utcOffset: offsetMinutes(zone, at), paused: true, mode: '5-part' })),
  })
  return { durationMs, periodMs: periodOf(cron), nextStart, steadily }
}

const DAY_MS = 86_400_000
/** More than a year, of whatever days. */
const YEARLY_MS = 400 * DAY_MS

function periodOf(cron: string): number {
  const [, , day, month, weekday] = cron.trim().split(/\s+/)
  if (day !== '*' || month !== '*') return YEARLY_MS
  return weekday === '*' ? DAY_MS : 7 * DAY_MS
}

function startsByOffset(schedule: Cron): TimeWindow['nextStart'] {
  return (after) => schedule.nextRun(new Date(after))?.getTime() as EpochMs | undefined
}

function offsetMinutes(zone: string, at: EpochMs): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at)
  const offset = parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign = '+', hours = '0', minutes = '0'] = /^GMT([+-])(\d\d):(\d\d)/.exec(offset) ?? []
  return (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
}

/**
 * A start that the clock jumped over is known to the library only when it is asked from before the jump: within some hours
 * after one it is asked from there, start by start.
 */
function startsOf(schedule: Cron, zone: string): TimeWindow['nextStart'] {
  if (zone === UTC) return startsByOffset(schedule)
  const offsets = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  const offsetAt = (time: EpochMs) => offsets.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value
  return (after) => {
    const before = later(after, -JUMP_MS)
    const from = offsetAt(before) === offsetAt(after) ? after : before
    let start = schedule.nextRun(new Date(from))
    while (start !== null && start.getTime() <= after) start = schedule.nextRun(start)
    return start === null ? undefined : (start.getTime() as EpochMs)
  }
}

/** Has no jumps; the library reckons with it much faster when it is told as an offset. */
const UTC = 'UTC'
/** No clock is put forward by more. */
const JUMP_MS = 3 * 3_600_000

function openCron(text: string, cron: string, zone: string): Cron {
  if (!isZone(zone)) throw invalidWindow(text, `'${zone}' is no time zone of the IANA database`)
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== CRON_FIELDS.length) {
    const names = CRON_FIELDS.map(({ name }) => name).join(', ')
    throw invalidWindow(text, `'${cron}' has ${counted(fields.length, 'field')} instead of five (${names})`)
  }
  const schedule = readCron(cron, zone)
  if (schedule !== undefined) return schedule
  const wrong = CRON_FIELDS.findIndex((_, at) => readCron(alone(fields, at), zone) === undefined)
  const { name, values } = CRON_FIELDS[wrong] ?? { name: 'cron expression', values: 'five fields' }
  throw invalidWindow(
    text,
    `its ${name} '${fields[wrong] ?? cron}' cannot be read: it is made of ${values}, *, and , - /`,
  )
}

const CRON_FIELDS = [
  { name: 'minute', values: '0 to 59' },
  { name: 'hour', values: '0 to 23' },
  { name: 'day of the month', values: '1 to 31, L' },
  { name: 'month', values: '1 to 12, JAN to DEC' },
  { name: 'day of the week', values: '0 to 7, SUN to SAT' },
]

/** The library does not say which field it stumbles over. */
function alone(fields: readonly string[], at: number): string {
  return fields.map((field, index) => (index === at ? field : '*')).join(' ')
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** `undefined` if the library cannot read it. */
function readCron(cron: string, zone: string): Cron | undefined {
  try {
    return new Cron(cron, {
      ...(zone === UTC ? { utcOffset: 0 } : { timezone: zone }),
      ...{ paused: true, mode: '5-part' },
    })
  } catch {
    return undefined
  }
}

function invalidWindow(text: string, problem: string): MoraineError {
  const example = '0 22 * * 1-5 for 6h Europe/Berlin'
  return new MoraineError('invalid-input', `window '${text}': ${problem}; write for example '${example}'`)
}

/**
 * When a window that holds `now` ends; `undefined` if none does. Of those that overlap one that began late: whoever goes on from
 * end to end takes few steps.
 */
export function windowEnd(starts: Starts, now: EpochMs): EpochMs | undefined {
  const { durationMs, nextStart } = starts
  const first = nextStart(later(now, -durationMs))
  return first !== undefined && first <= now ? later(lateStart(starts, first, now), durationMs) : undefined
}

/** Of the starts from `first` to `now` one of the last. */
function lateStart({ nextStart }: Starts, first: EpochMs, now: EpochMs): EpochMs {
  const second = nextStart(first)
  if (second === undefined || second > now) return first
  for (let backMs = MINUTE_MS; later(now, -backMs) > second; backMs *= 2) {
    const start = nextStart(later(now, -backMs))
    if (start !== undefined && start <= now) return start
  }
  return second
}

const MINUTE_MS = 60_000
