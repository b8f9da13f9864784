import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'

/** Time that passes only when a test says so. */
export type ManualClock = Clock & {
  /** Lets time pass and wakes those who have slept long enough. */
  advance(ms: number): void
  /** Settles once somebody sleeps until `ms` from now or earlier. */
  whenSleeping(ms: number): Promise<void>
}

type Sleeper = { readonly until: number; wake(): void }

export function manualClock(): ManualClock {
  let now = 0
  const sleepers = new Set<Sleeper>()
  let watchers: { until: number; resolve(): void }[] = []
  const notify = () => {
    const met = watchers.filter((watcher) => [...sleepers].some((sleeper) => sleeper.until <= watcher.until))
    watchers = watchers.filter((watcher) => !met.includes(watcher))
    for (const watcher of met) watcher.resolve()
  }
  return {
    now: () => now as EpochMs,
    monotonicMs: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const sleeper: Sleeper = { until: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper)
          reject(signal.reason as Error)
        })
        notify()
      }),
    advance(ms) {
      now += ms
      for (const sleeper of [...sleepers]) {
        if (sleeper.until > now) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
    },
    whenSleeping: (ms) =>
      new Promise((resolve) => {
        watchers.push({ until: now + ms, resolve })
        notify()
      }),
  }
}
