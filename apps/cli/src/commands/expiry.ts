import { MoraineError } from '@moraine/stdx/error'

/**
 * A moment to come, in epoch milliseconds: a day (its beginning in UTC), or a time with its zone. Whether it has passed is
 * for the service to say, whose clock counts.
 *
 * @throws {MoraineError} `invalid-input` for what is neither
 */
export function parseExpiry(text: string): number {
  const epochMs = FORM.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse takes 2030-02-31 for the third of March.
  const day = text.slice(0, 10)
  const isDay = !Number.isNaN(epochMs) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
  if (isDay) return epochMs
  throw new MoraineError(
    'invalid-input',
    `--expires ${text}: write a day, or a time with its zone, as in 2030-01-31 or 2030-01-31T18:00:00Z`,
  )
}

const FORM = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?$/
