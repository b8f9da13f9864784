import type { Clock } from '@moraine/stdx/clock'

/** The pause that a `Retry-After` header asks for: seconds, or a time (RFC 9110, 10.2.3). */
export function parseRetryAfter(text: string | null, clock: Pick<Clock, 'now'>): number | undefined {
  if (text === null) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : Math.max(0, time - clock.now())
}
