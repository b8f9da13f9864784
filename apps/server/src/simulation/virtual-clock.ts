import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'

/** Time that stands still until it is moved: to the next thing that somebody sleeps for. */
export type VirtualClock = Clock & {
  /** Moves to the next awaited moment and wakes one sleeper; `false` if nobody sleeps, or not until `limit`. */
  step(limit?: EpochMs): boolean
}

type Sleeper = { readonly at: number; readonly order: number; wake(): void }

export function virtualClock(start: EpochMs): VirtualClock {
  let now: number = start
  let order = 0
  // Kept in order of time, then of beginning, so that the same run wakes in the same order.
  const sleepers: Sleeper[] = []
  const insert = (sleeper: Sleeper) => {
    let index = sleepers.length
    while (index > 0 && isAfter(sleepers[index - 1], sleeper)) index -= 1
    sleepers.splice(index, 0, sleeper)
  }
  return {
    now: () => now as EpochMs,
    monotonicMs: () => now,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        order += 1
        const sleeper: Sleeper = {
          at: now + Math.max(0, ms),
          order,
          wake() {
            signal?.removeEventListener('abort', cancel)
            resolve()
          },
        }
        const cancel = () => {
          const index = sleepers.indexOf(sleeper)
          if (index >= 0) sleepers.splice(index, 1)
          reject(signal?.reason as Error)
        }
        signal?.addEventListener('abort', cancel, { once: true })
        insert(sleeper)
      })
    },
    step(limit) {
      const [next] = sleepers
      if (next === undefined || (limit !== undefined && next.at > limit)) return false
      sleepers.shift()
      now = Math.max(now, next.at)
      next.wake()
      return true
    },
  }
}

function isAfter(a: Sleeper | undefined, b: Sleeper): boolean {
  return a !== undefined && (a.at > b.at || (a.at === b.at && a.order > b.order))
}
