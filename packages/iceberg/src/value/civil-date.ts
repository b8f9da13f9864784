/** A day of the proleptic Gregorian calendar; month and day count from 1. */
export type CivilDate = { readonly year: number; readonly month: number; readonly day: number }

const DAYS_PER_ERA = 146_097
const DAYS_TO_EPOCH = 719_468

// Both directions count days from 0000-03-01, so that the leap day ends the year, in eras of 400 years, which all have
// the same length (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").

/** The date so many days after (or, negative, before) 1970-01-01. */
export function civilDate(epochDay: number): CivilDate {
  const shifted = epochDay + DAYS_TO_EPOCH
  const era = Math.floor(shifted / DAYS_PER_ERA)
  const dayOfEra = shifted - era * DAYS_PER_ERA
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** Days from 1970-01-01 to the date, or `undefined` if the calendar has no such day. */
export function epochDay({ year, month, day }: CivilDate): number | undefined {
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  const days = era * DAYS_PER_ERA + dayOfEra - DAYS_TO_EPOCH
  const back = civilDate(days)
  return back.year === year && back.month === month && back.day === day ? days : undefined
}
