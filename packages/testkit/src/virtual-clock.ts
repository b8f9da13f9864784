import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'

export type VirtualClock = Clock & {
  /** Drives time until `work` ends: whenever nothing else is left to do, it moves on to the next who sleeps. */
  run<T>(work: Promise<T>): Promise<T>
}

/**
 * Time that passes only while everybody sleeps, so that hours take milliseconds and runs are alike. For work without real
 * I/O: it would be taken for sleeping.
 */
export function virtualClock(startMs = 0): VirtualClock {
  let nowMs = startMs
  let sleepers: Sleeper[] = []
  const wakeNext = () => {
    const dueMs = Math.min(...sleepers.map((sleeper) => sleeper.dueMs))
    nowMs = Math.max(nowMs, dueMs)
    const due = sleepers.filter((sleeper) => sleeper.dueMs === dueMs)
    sleepers = sleepers.filter((sleeper) => sleeper.dueMs !== dueMs)
    for (const { wake } of due) wake()
  }
  return {
    now: () => nowMs as EpochMs,
    monotonicMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const sleeper = { dueMs: nowMs + Math.max(0, ms), wake: resolve }
        sleepers.push(sleeper)
        signal?.addEventListener(
          'abort',
          () => {
            sleepers = sleepers.filter((other) => other !== sleeper)
            reject(signal.reason as Error)
          },
          { once: true },
        )
      }),
    run: async (work) => {
      let ended = false
      const settled = work.finally(() => {
        ended = true
      })
      settled.catch(() => {})
      while (!ended) {
        await new Promise<void>((resolve) => setImmediate(resolve))
        if (ended) break
        if (sleepers.length === 0) throw new Error('the work neither ends nor sleeps: it waits for what never comes')
        wakeNext()
      }
      return settled
    },
  }
}

type Sleeper = { readonly dueMs: number; readonly wake: () => void }
