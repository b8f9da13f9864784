import type { EpochMs } from '@moraine/stdx/brand'

/** Since when optimizers could be heard, as far as whoever looks after them knows. */
export type Reachability = {
  /** No deadline runs from before this moment. */
  readonly since: EpochMs
  /** When the records were read last, and the same on a clock that is never set. */
  readonly lookedAt: EpochMs
  readonly lookedMs: number
  /** They could not be read since. */
  readonly hasFailed: boolean
  /** Whether the moment may be put off: not twice without a look in time between, or nobody would ever be lost. */
  readonly mayRenew: boolean
}

/**
 * What is known with a look at the records that succeeds. Before it, they may have been out of reach, or this process may
 * have stood still: what optimizers said meanwhile is not recorded, or not read yet. And where the clock was set, what is
 * recorded says nothing of the time that passed.
 *
 * @param latestMs the time between looks while all is well
 */
export function lookAgain(before: Reachability, now: EpochMs, nowMs: number, latestMs: number): Reachability {
  const elapsedMs = nowMs - before.lookedMs
  const isLate = before.hasFailed || elapsedMs > latestMs
  const wasSet = Math.abs(now - before.lookedAt - elapsedMs) > SET_MS
  const since = wasSet || (isLate && before.mayRenew) ? now : before.since
  return { since, lookedAt: now, lookedMs: nowMs, hasFailed: false, mayRenew: !isLate }
}

/** A clock that is only made to go faster or slower does not differ by more between two looks. */
const SET_MS = 5000
