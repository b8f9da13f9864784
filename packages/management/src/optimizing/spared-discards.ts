import type { EpochMs } from '@moraine/stdx/brand'
import { type Moment, wasSet } from '@moraine/stdx/clock'
import { ZOMBIE_GRACE_MS } from '../records/discard.ts'

/** Since when outputs are deleted by the clock by which they were listed. */
export type SameClock = {
  /** `undefined` if nobody listed any by another. */
  readonly since: Moment | undefined
  readonly looked: Moment
}

/** @param othersLed others may have listed outputs before, by their clocks */
export function beginsToDiscard(moment: Moment, othersLed: boolean): SameClock {
  return { since: othersLed ? moment : undefined, looked: moment }
}

/** What is known when outputs are looked at again: the clock may have been set. */
export function discardsAgain({ since, looked }: SameClock, moment: Moment): SameClock {
  return { since: wasSet(looked, moment) ? moment : since, looked: moment }
}

/**
 * From when on outputs that are due may be deleted; those due before are spared for now. By the clock that listed them they may
 * not be due: a lost attempt could still be writing. `undefined` once that would be over by any clock.
 */
export function sparedBefore({ since, looked }: SameClock): EpochMs | undefined {
  if (since === undefined || looked.monotonicMs - since.monotonicMs >= ZOMBIE_GRACE_MS) return undefined
  return since.now
}
