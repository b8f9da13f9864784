const UNITS: readonly (readonly [number, readonly string[]])[] = [
  [1, ['', 'ms', 'milli', 'millis', 'millisecond', 'milliseconds']],
  [1000, ['s', 'sec', 'secs', 'second', 'seconds']],
  [60_000, ['min', 'mins', 'minute', 'minutes']],
  [3_600_000, ['h', 'hour', 'hours']],
  [86_400_000, ['d', 'day', 'days']],
]

/** What a duration in a setting looks like, for messages. */
export const DURATION_FORM = 'a duration such as 30s, 5min, 1h or 7d'

/** Milliseconds of `30s`, `5 min`, `1h`, `7d`; without a unit they are milliseconds, as in Amoro. `undefined` for any other text. */
export function parseDurationText(text: string): number | undefined {
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text)
  const unit = UNITS.find(([, names]) => names.includes(match?.[2]?.toLowerCase() ?? 'none'))
  const value = Number(match?.[1]) * (unit?.[0] ?? Number.NaN)
  return Number.isSafeInteger(value) ? value : undefined
}
