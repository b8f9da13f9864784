import { dueTime, type EpochMs, later } from '@moraine/stdx/brand'

/** A table whose processes fail waits longer each time, and says why. A success or a person's request ends it. */
export type BackOff = {
  /** Failures in a row. */
  readonly failures: number
  readonly notBefore: EpochMs
  readonly step: 'planning' | 'executing' | 'committing'
  readonly reason: string
}

const FIRST_MS = 60_000
const LONGEST_MS = 3_600_000

/** Until when the table waits, whatever clock it was set by. */
export function backOffEnd({ notBefore }: BackOff, now: EpochMs): EpochMs {
  return dueTime(notBefore, now, LONGEST_MS)
}

/** 1, 2, 4 ... minutes, at most an hour. */
export function nextBackOff(
  previous: BackOff | undefined,
  failure: Pick<BackOff, 'step' | 'reason'>,
  now: EpochMs,
): BackOff {
  const failures = (previous?.failures ?? 0) + 1
  const delayMs = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 16), LONGEST_MS)
  return { failures, notBefore: later(now, delayMs), step: failure.step, reason: failure.reason }
}
