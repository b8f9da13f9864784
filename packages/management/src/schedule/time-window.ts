import { type EpochMs, later } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import { counted } from '@moraine/stdx/human-text'
import { Cron } from 'croner'
import { type NextStart, startsAtOffset, startsInZone } from './cron-starts.ts'

/** When windows begin, and how long they last. */
export type Starts = { readonly durationMs: number; readonly nextStart: NextStart }

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
  if (text.length > TEXT_MAX) {
    const length = text.length.toLocaleString('en-US')
    throw new MoraineError('invalid-input', `windows of ${length} characters: ${TEXT_MAX} are the most, write fewer`)
  }
  const parts = text
    .split(';')
    .map((part) => part.trim().replaceAll(/\s+/g, ' '))
    .filter((part) => part !== '')
  if (parts.length > WINDOWS_MAX)
    throw new MoraineError('invalid-input', `${parts.length} windows: ${WINDOWS_MAX} are the most, write fewer`)
  return parts.map(parseTimeWindow)
}

/** Whoever owns a table writes these, and the service looks at them between other work. */
const TEXT_MAX = 2048
const WINDOWS_MAX = 20

const WINDOW = /^(.+?) for (\d{1,6}) ?([mhd])(?: (\S+))?$/i
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const LONGEST_MS = 31 * 86_400_000

function parseTimeWindow(text: string): TimeWindow {
  const [, cron = '', count = '', unit = '', zone = UTC] = WINDOW.exec(text) ?? []
  const durationMs = Number(count) * (UNIT_MS[unit.toLowerCase()] ?? 0)
  if (cron === '') throw invalidWindow(text, 'it is not written as CRON for DURATION [ZONE]')
  if (durationMs <= 0 || durationMs > LONGEST_MS)
    throw invalidWindow(text, 'it lasts one minute at least, 31 days at most')
  checkCron(text, cron, zone)
  const steadily = (at: EpochMs) => ({ durationMs, nextStart: startsAtOffset(cron, zone, at) })
  return { durationMs, periodMs: periodOf(cron), nextStart: startsInZone(cron, zone), steadily }
}

const DAY_MS = 86_400_000
/** More than a year, of whatever days. */
const YEARLY_MS = 400 * DAY_MS

function periodOf(cron: string): number {
  const [, , day, month, weekday] = cron.trim().split(/\s+/)
  if (day !== '*' || month !== '*') return YEARLY_MS
  return weekday === '*' ? DAY_MS : 7 * DAY_MS
}

const UTC = 'UTC'

/** @throws {MoraineError} `invalid-input` naming what cannot be read */
function checkCron(text: string, cron: string, zone: string): void {
  if (!isZone(zone)) throw invalidWindow(text, `'${zone}' is no time zone of the IANA database`)
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== CRON_FIELDS.length) {
    const names = CRON_FIELDS.map(({ name }) => name).join(', ')
    throw invalidWindow(text, `'${cron}' has ${counted(fields.length, 'field')} instead of five (${names})`)
  }
  if (isCron(cron)) return
  const wrong = CRON_FIELDS.findIndex((_, at) => !isCron(alone(fields, at)))
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

/** Whether the library can read it. */
function isCron(cron: string): boolean {
  try {
    new Cron(cron, { utcOffset: 0, paused: true, mode: '5-part' })
    return true
  } catch {
    return false
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
