import type { Clock } from '@moraine/stdx/clock'
import { humanDuration } from '@moraine/stdx/human-text'
import type { Log } from '../service/log.ts'

/** Tells of containers that do not say what they run: when it begins, now and then while it lasts, and when it is over. */
export type ListingLog = {
  answered(container: string): void
  failed(container: string, failure: string): void
}

const REMIND_EACH_MS = 30 * 60_000

export function listingLog(clock: Pick<Clock, 'monotonicMs'>, log: Log): ListingLog {
  const silent = new Map<string, { readonly sinceMs: number; toldAtMs: number }>()
  const lasted = (sinceMs: number) => humanDuration(clock.monotonicMs() - sinceMs)
  return {
    answered(container) {
      const silence = silent.get(container)
      if (silence === undefined) return
      silent.delete(container)
      // As loud as its beginning: whoever read that one waits for it.
      log.warn({ container, after: lasted(silence.sinceMs) }, 'a container says again what it runs')
    },
    failed(container, failure) {
      const now = clock.monotonicMs()
      const silence = silent.get(container)
      if (silence === undefined) {
        silent.set(container, { sinceMs: now, toldAtMs: now })
        log.warn({ container, failure }, 'a container does not say what it runs; it is asked until it does')
      } else if (now - silence.toldAtMs >= REMIND_EACH_MS) {
        silence.toldAtMs = now
        log.warn({ container, failure, for: lasted(silence.sinceMs) }, 'a container still does not say what it runs')
      }
    },
  }
}
