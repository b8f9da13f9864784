import { MoraineError } from '@moraine/stdx/error'

export type NumberRange = { readonly min: number; readonly max: number }

export const PORTS: NumberRange = { min: 0, max: 65_535 }
export const THREADS: NumberRange = { min: 1, max: 1000 }
/** Of a list that is printed at once. */
export const LIST_LENGTHS: NumberRange = { min: 1, max: 10_000 }
/** From the least that DuckDB starts with to a tebibyte. */
export const MEGABYTES: NumberRange = { min: 16, max: 1_048_576 }

/**
 * The whole number that an option was given.
 *
 * @throws {MoraineError} `invalid-input` naming the option, its text and its range.
 */
export function numberOption(name: string, text: string, { min, max }: NumberRange): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new MoraineError('invalid-input', `${name} ${text}: it must be a whole number from ${min} to ${max}`)
}
