import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { Turns } from '@moraine/stdx/turns'
import { type Trouble, troubleOf } from './database-failure.ts'

export type TryAgain = {
  readonly clock: Pick<Clock, 'sleep' | 'monotonicMs'>
  readonly random: Random
}

/** How often each trouble is met before it is told. Of a key that is taken the next look says whose it is. */
export type Patience = Partial<Readonly<Record<Trouble, number>>>

/** For work of one statement, which a lost connection leaves open. */
export const OF_STATEMENT: Patience = { 'in-the-way': 12 }
/** For work that ends with a commit of its own. */
export const OF_TRANSACTION: Patience = { 'in-the-way': 200, duplicate: 4, lost: 2 }
/** For work that changes nothing. Each connection of the pool may turn out to be dead. */
export const OF_READING: Patience = { 'in-the-way': 12, lost: 2 }

/**
 * Does the work until it is done, another trouble comes, or one comes too often: at most for 15 seconds, after which no
 * try is begun. The pauses grow, and differ, so that those who met do not meet again.
 *
 * @param turns taken from the second try on: those of one service who met go one after the other, or of many who want the
 * same most would lose each time. Whoever waits for one must hold nothing that others need.
 */
export async function tryAgain<T>(
  { clock, random }: TryAgain,
  patience: Patience,
  work: () => Promise<T>,
  turns?: Turns,
): Promise<T> {
  const met = new Map<Trouble, number>()
  const since = clock.monotonicMs()
  let hasTurn = false
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work()
      } catch (error) {
        const trouble = troubleOf(error)
        if (trouble === undefined) throw error
        const times = (met.get(trouble) ?? 0) + 1
        met.set(trouble, times)
        if (times >= (patience[trouble] ?? 1) || clock.monotonicMs() - since > TRYING_MS) throw error
        if (turns === undefined || hasTurn) await clock.sleep(pauseMs(random, tries))
        else hasTurn = await turns.take({ deadline: { clock, ms: TRYING_MS } })
      }
    }
  } finally {
    if (hasTurn) turns?.give()
  }
}

const TRYING_MS = 15_000
const PAUSE_MAX_MS = 200

function pauseMs(random: Random, tries: number): number {
  const [byte = 0] = random.bytes(1)
  return Math.min(PAUSE_MAX_MS, 2 ** tries) * (0.25 + (0.75 * byte) / 255)
}
