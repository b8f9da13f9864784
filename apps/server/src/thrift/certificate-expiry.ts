/** When a certificate counts, in milliseconds since the epoch. */
export type Validity = { readonly fromMs: number; readonly untilMs: number }

/** What was told of a certificate last. */
export type ExpiryNotice = {
  readonly state: 'expires-soon' | 'expired'
  readonly untilMs: number
  readonly atMs: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** One that is renewed by itself is so earlier, whether it counts for a year or a day. */
const SOON_MS = 14 * DAY_MS
const SOON_OF_LIFETIME = 0.1
const AGAIN_AFTER_MS = { 'expires-soon': DAY_MS, expired: HOUR_MS }

/** What is to be told now of how long a certificate counts; `undefined` if nothing, or it was told not long ago. */
export function decideExpiryNotice(
  { fromMs, untilMs }: Validity,
  nowMs: number,
  last: ExpiryNotice | undefined,
): ExpiryNotice | undefined {
  const leftMs = untilMs - nowMs
  if (leftMs > Math.min(SOON_MS, (untilMs - fromMs) * SOON_OF_LIFETIME)) return undefined
  const state = leftMs > 0 ? 'expires-soon' : 'expired'
  const isTold = last?.state === state && last.untilMs === untilMs && nowMs - last.atMs < AGAIN_AFTER_MS[state]
  return isTold ? undefined : { state, untilMs, atMs: nowMs }
}
