import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import type { Log } from '../service/log.ts'

/** A request that was answered by a status from 500 on. */
export type FailedRequest = { readonly route: string; readonly requestId: string; readonly error: Error }

export type FailureLog = (failed: FailedRequest) => void

/**
 * Tells of each. What does not answer fails all that ask for it, and whoever asked was told why: of those that fail in the same
 * words one is told a minute, with how many there were like it since the last.
 */
export function failureLog(log: Pick<Log, 'error'>, clock: Pick<Clock, 'monotonicMs'>): FailureLog {
  const told = new Map<string, { readonly atMs: number; others: number }>()
  return ({ route, requestId, error }) => {
    const failure = describeError(error)
    const mayRepeat = isKind(error, 'unavailable') || isKind(error, 'timeout')
    const before = mayRepeat ? told.get(failure) : undefined
    const atMs = clock.monotonicMs()
    if (before !== undefined && atMs - before.atMs < REPEAT_MS) {
      before.others += 1
      return
    }
    if (mayRepeat) remember(told, failure, atMs)
    const others = before?.others ?? 0
    log.error({ route, requestId, failure, ...(others > 0 && { othersLikeIt: others }) }, 'a request failed')
  }
}

const REPEAT_MS = 60_000
const REMEMBERED_MAX = 100

/** The longest ago is forgotten first. */
function remember(told: Map<string, { readonly atMs: number; others: number }>, failure: string, atMs: number): void {
  told.delete(failure)
  told.set(failure, { atMs, others: 0 })
  const [oldest] = told.keys()
  if (told.size > REMEMBERED_MAX && oldest !== undefined) told.delete(oldest)
}
