import type { EpochMs } from '@moraine/stdx/brand'
import { type Moment, wasSet } from '@moraine/stdx/clock'

/** Since when optimizers could be heard, as far as whoever looks after them knows. */
export type Reachability = {
  /** No deadline runs from before this moment. */
  readonly since: EpochMs
  /** When the records were read last. */
  readonly looked: Moment
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
export function lookAgain(before: Reachability, moment: Moment, latestMs: number): Reachability {
  const isLate = before.hasFailed || moment.monotonicMs - before.looked.monotonicMs > latestMs
  const since = wasSet(before.looked, moment) || (isLate && before.mayRenew) ? moment.now : before.since
  return { since, looked: moment, hasFailed: false, mayRenew: !isLate }
}
