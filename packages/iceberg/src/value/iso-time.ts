import { civilDate, epochDay } from './civil-date.ts'

/** How many units of a stored time value make one second. */
export type TimeUnit = 'micros' | 'nanos'

const UNITS_PER_SECOND = { micros: 1_000_000n, nanos: 1_000_000_000n } as const satisfies Record<TimeUnit, bigint>
const FRACTION_DIGITS = { micros: 6, nanos: 9 } as const satisfies Record<TimeUnit, number>
const SECONDS_PER_DAY = 86_400n

/** `2024-01-31`; years beyond 9999 with a sign, as ISO 8601 and Java have them. */
export function formatIsoDate(days: number): string {
  const { year, month, day } = civilDate(days)
  return `${isoYear(year)}-${two(month)}-${two(day)}`
}

/** `22:31:08` or `22:31:08.123456`; a fraction without its trailing zeros. */
export function formatIsoTime(sinceMidnight: bigint, unit: TimeUnit = 'micros'): string {
  const second = floorDiv(sinceMidnight, UNITS_PER_SECOND[unit])
  const fraction = sinceMidnight - second * UNITS_PER_SECOND[unit]
  const seconds = Number(second)
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  if (fraction === 0n) return clock
  return `${clock}.${fraction.toString().padStart(FRACTION_DIGITS[unit], '0').replace(/0+$/, '')}`
}

/** `2024-01-31T22:31:08.5`, without a zone. */
export function formatIsoTimestamp(sinceEpoch: bigint, unit: TimeUnit = 'micros'): string {
  const unitsPerDay = SECONDS_PER_DAY * UNITS_PER_SECOND[unit]
  const day = floorDiv(sinceEpoch, unitsPerDay)
  return `${formatIsoDate(Number(day))}T${formatIsoTime(sinceEpoch - day * unitsPerDay, unit)}`
}

/** Days since 1970-01-01, or `undefined` if the text is not a date of the calendar. */
export function parseIsoDate(text: string): number | undefined {
  const match = /^([+-]?\d{4,9})-(\d\d)-(\d\d)$/.exec(text)
  if (match === null) return undefined
  return epochDay({ year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) })
}

/**
 * Units since midnight of `22:31`, `22:31:08` or `22:31:08.123456789`; `undefined` for anything else. Digits finer than
 * the unit are cut off.
 */
export function parseIsoTime(text: string, unit: TimeUnit = 'micros'): bigint | undefined {
  const match = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/.exec(text)
  if (match === null) return undefined
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const fraction = (match[4] ?? '').padEnd(9, '0').slice(0, FRACTION_DIGITS[unit])
  return BigInt(hour * 3600 + minute * 60 + second) * UNITS_PER_SECOND[unit] + BigInt(fraction)
}

/** A timestamp and the offset of its zone from UTC in seconds, if the text names one. */
export type ParsedTimestamp = { readonly local: bigint; readonly offsetSeconds?: number }

/**
 * Reads `2024-01-31T22:31:08.123456`, with a blank for the `T` too, and with `Z`, `+01:00` or none as its zone.
 * `local` is in units since 1970-01-01T00:00 of that zone.
 */
export function parseIsoTimestamp(text: string, unit: TimeUnit = 'micros'): ParsedTimestamp | undefined {
  const match = /^([^T ]+)[T ]([\d:.]+)(Z|[+-]\d\d:\d\d(?::\d\d)?)?$/i.exec(text)
  if (match === null) return undefined
  const days = parseIsoDate(match[1] ?? '')
  const time = parseIsoTime(match[2] ?? '', unit)
  if (days === undefined || time === undefined) return undefined
  const local = BigInt(days) * SECONDS_PER_DAY * UNITS_PER_SECOND[unit] + time
  if (match[3] === undefined) return { local }
  const offsetSeconds = parseOffset(match[3])
  return offsetSeconds === undefined ? undefined : { local, offsetSeconds }
}

/** Units since 1970-01-01T00:00Z of a timestamp; one without a zone is taken as UTC. */
export function utcTimestamp(parsed: ParsedTimestamp, unit: TimeUnit = 'micros'): bigint {
  return parsed.local - BigInt(parsed.offsetSeconds ?? 0) * UNITS_PER_SECOND[unit]
}

/** Division that rounds down, where bigint's own rounds towards zero. The divisor is positive. */
export function floorDiv(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return value < 0n && quotient * divisor !== value ? quotient - 1n : quotient
}

function parseOffset(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0
  const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(':').map(Number)
  if (hours > 18 || minutes > 59 || seconds > 59) return undefined
  const total = hours * 3600 + minutes * 60 + seconds
  return text.startsWith('-') ? -total : total
}

function isoYear(year: number): string {
  const digits = Math.abs(year).toString().padStart(4, '0')
  if (year < 0) return `-${digits}`
  return year > 9999 ? `+${digits}` : digits
}

function two(value: number): string {
  return value < 10 ? `0${value}` : value.toString()
}
