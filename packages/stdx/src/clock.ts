import type { EpochMs } from './brand.ts'

/** The only source of time. `now` is wall time; `monotonicMs` only measures durations; `sleep` rejects when aborted. */
export interface Clock {
  now(): EpochMs
  monotonicMs(): number
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** One moment by both clocks. */
export type Moment = { readonly now: EpochMs; readonly monotonicMs: number }

export function momentOf(clock: Pick<Clock, 'now' | 'monotonicMs'>): Moment {
  return { now: clock.now(), monotonicMs: clock.monotonicMs() }
}

/** Whether the wall clock was set between two moments, rather than made to go a little faster or slower for a while. */
export function wasSet(before: Moment, after: Moment): boolean {
  const elapsedMs = after.monotonicMs - before.monotonicMs
  return Math.abs(after.now - before.now - elapsedMs) > SET_MS
}

const SET_MS = 5000

// A timer that is set for longer fires at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now() as EpochMs,
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error)
      const onAbort = () => {
        clearTimeout(timer)
        reject(signal?.reason as Error)
      }
      const wait = (leftMs: number): NodeJS.Timeout =>
        setTimeout(
          () => {
            if (leftMs > LONGEST_TIMER_MS) {
              timer = wait(leftMs - LONGEST_TIMER_MS)
              return
            }
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
          Math.min(leftMs, LONGEST_TIMER_MS),
        )
      let timer = wait(ms)
      signal?.addEventListener('abort', onAbort, { once: true })
    }),
}
