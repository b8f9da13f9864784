import { dueTime, type EpochMs, later } from '@moraine/stdx/brand'
import type { BackOff } from '../records/back-off.ts'

const FIRST_MS = 60_000
const LONGEST_MS = 3_600_000

/** Until when the table waits, whatever clock it was set by. */
export function backOffEnd({ notBefore, failures }: BackOff, now: EpochMs): EpochMs {
  return dueTime(notBefore, now, pauseMs(failures))
}

/** 1, 2, 4 ... minutes, at most an hour. */
export function nextBackOff(
  previous: BackOff | undefined,
  failure: Pick<BackOff, 'step' | 'reason'>,
  now: EpochMs,
): BackOff {
  const failures = (previous?.failures ?? 0) + 1
  return { failures, notBefore: later(now, pauseMs(failures)), step: failure.step, reason: failure.reason }
}

function pauseMs(failures: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 16), LONGEST_MS)
}
