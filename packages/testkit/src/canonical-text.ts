/** As `Number::toString` of ECMAScript, but zero keeps its sign. */
export function doubleText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The fewest decimal digits that round to the same 32-bit float, laid out as a double's text; `value` is that float. */
export function singleText(value: number): string {
  for (let digits = 1; digits <= 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits))
    if (shorter !== 0 && Math.fround(shorter) === value) return String(shorter)
  }
  return doubleText(value) // zero, NaN and the infinities
}

/** A decimal from its unscaled value: plain digits, exactly `scale` of them after the point. */
export function unscaledText(unscaled: bigint, scale: number): string {
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
  const sign = unscaled < 0n ? '-' : ''
  const point = digits.length - scale
  return sign + digits.slice(0, point) + (scale > 0 ? `.${digits.slice(point)}` : '')
}

/** `days` since 1970-01-01 as a proleptic Gregorian date. */
export function dateText(days: bigint): string {
  // Counted in eras of 400 years from 0000-03-01, so that the leap day ends a year.
  const shifted = days + 719_468n
  const era = floorDiv(shifted, 146_097n)
  const dayOfEra = Number(shifted - era * 146_097n)
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
  const year = BigInt(yearOfEra) + era * 400n + (month <= 2 ? 1n : 0n)
  return `${yearText(year)}-${pad(month, 2)}-${pad(day, 2)}`
}

/** Time of day from units of 10^-digits s since midnight. */
export function timeText(value: bigint, digits: 6 | 9): string {
  const unit = 10n ** BigInt(digits)
  const seconds = Number(value / unit)
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((part) => pad(part, 2))
  return `${clock.join(':')}.${pad(value % unit, digits)}`
}

/** Date and time from units of 10^-digits s since the epoch. */
export function timestampText(value: bigint, digits: 6 | 9): string {
  const unitsPerDay = 86_400n * 10n ** BigInt(digits)
  const days = floorDiv(value, unitsPerDay)
  return `${dateText(days)}T${timeText(value - days * unitsPerDay, digits)}`
}

function yearText(year: bigint): string {
  if (year >= 0n && year <= 9999n) return pad(year, 4)
  return (year < 0n ? '-' : '+') + pad(year < 0n ? -year : year, 6)
}

function pad(value: number | bigint, width: number): string {
  return String(value).padStart(width, '0')
}

function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}
