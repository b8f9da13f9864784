import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'

/** Time that stands still until it is moved to the next moment that somebody sleeps for: hours take milliseconds. */
export type VirtualClock = Clock & {
  /** Moves to the next awaited moment and wakes one sleeper; `false` if nobody sleeps, or not until `limit`. */
  step(limit?: EpochMs): boolean
  /**
   * Steps until `work` ends, whenever nothing else is left to do. For work without real I/O: waiting for that would be
   * taken for sleeping.
   */
  run<T>(work: Promise<T>): Promise<T>
  /** Sets the wall clock forward, or back if negative: nobody sleeps longer or shorter for that. */
  set(byMs: number): void
}

/** Sleepers wake in order of time, then of falling asleep, so that the same run wakes in the same order. */
export function virtualClock(start = 0): VirtualClock {
  let now = start
  let setMs = 0
  const sleepers: Sleeper[] = []
  const insert = (sleeper: Sleeper) => {
    const after = sleepers.findLastIndex((other) => other.at <= sleeper.at)
    sleepers.splice(after + 1, 0, sleeper)
  }
  const step = (limit = Number.POSITIVE_INFINITY) => {
    const [next] = sleepers
    if (next === undefined || next.at > limit) return false
    sleepers.shift()
    now = Math.max(now, next.at)
    next.wake()
    return true
  }
  return {
    now: () => (now + setMs) as EpochMs,
    monotonicMs: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const wake = () => {
          signal?.removeEventListener('abort', cancel)
          resolve()
        }
        const sleeper = { at: now + Math.max(0, ms), wake }
        const cancel = () => {
          const index = sleepers.indexOf(sleeper)
          if (index >= 0) sleepers.splice(index, 1)
          reject(signal?.reason as Error)
        }
        signal?.addEventListener('abort', cancel, { once: true })
        insert(sleeper)
      }),
    step,
    run: (work) => runWith(step, work),
    set(byMs) {
      setMs += byMs
    },
  }
}

type Sleeper = { readonly at: number; wake(): void }

async function runWith<T>(step: () => boolean, work: Promise<T>): Promise<T> {
  let ended = false
  const settled = work.finally(() => {
    ended = true
  })
  settled.catch(() => {})
  while (!ended) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    if (ended) break
    if (!step()) throw new Error('the work neither ends nor sleeps: it waits for what never comes')
  }
  return settled
}
