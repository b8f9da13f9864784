import type { EpochMs } from '@moraine/stdx/brand'

/** Since when optimizers could be heard, as far as whoever looks after them knows. */
export type Reachability = {
  /** No deadline runs from before this moment. */
  readonly since: EpochMs
  /** When the records were read last, on a clock that is never set. */
  readonly lookedMs: number
  /** They could not be read since. */
  readonly hasFailed: boolean
  /** Whether the moment may be put off: not twice without a look in time between, or nobody would ever be lost. */
  readonly mayRenew: boolean
}

/**
 * What is known with a look at the records that succeeds. Before it, they may have been out of reach, or this process may
 * have stood still: what optimizers said meanwhile is not recorded, or not read yet.
 *
 * @param latestMs the time between looks while all is well
 */
export function lookAgain(before: Reachability, now: EpochMs, nowMs: number, latestMs: number): Reachability {
  const isLate = before.hasFailed || nowMs - before.lookedMs > latestMs
  const since = isLate && before.mayRenew ? now : before.since
  return { since, lookedMs: nowMs, hasFailed: false, mayRenew: !isLate }
}
