import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import { humanDuration } from '@moraine/stdx/human-text'
import type { OptimizerLog } from './session.ts'

/** Tells of trouble with the service when it begins, now and then while it lasts, and when it is over; not at each try. */
export type TroubleLog = {
  /** The service answered a call, be it with a refusal. */
  reached(): void
  /** Whether it would be told now that the service is not reached. */
  isDue(error: unknown): boolean
  /** Something did not succeed; `hint` is what is known of the reason besides the error. */
  failed(what: string, error: unknown, hint?: string): void
}

const FIRST_REMINDER_MS = 60_000
const RAREST_REMINDER_MS = 30 * 60_000

type Trouble = { readonly sinceMs: number; readonly text: string; remindAtMs: number; pauseMs: number }

export function troubleLog(clock: Pick<Clock, 'monotonicMs'>, log: OptimizerLog): TroubleLog {
  let wasReached = false
  let outage: Trouble | undefined
  /** By what failed: answers of a service that is there. */
  const refusals = new Map<string, Trouble>()
  const begun = (text: string): Trouble => {
    const sinceMs = clock.monotonicMs()
    return { sinceMs, text, remindAtMs: sinceMs + FIRST_REMINDER_MS, pauseMs: FIRST_REMINDER_MS }
  }
  const lost = (text: string) => {
    if (outage === undefined) {
      outage = begun(text)
      log(`the service is ${wasReached ? 'lost' : 'not reached'}: ${text}; it is tried until it answers`)
    } else if (takeDue(outage, clock)) log(`no service for ${lasted(outage, clock)}: ${text}`)
  }
  const refused = (what: string, text: string) => {
    const known = refusals.get(what)
    if (known?.text !== text) {
      refusals.set(what, begun(text))
      log(`${what}: ${text}`)
    } else if (takeDue(known, clock)) log(`${what}, for ${lasted(known, clock)}: ${text}`)
  }
  return {
    reached() {
      if (outage !== undefined) log(`the service is ${wasReached ? 'back' : 'reached'} after ${lasted(outage, clock)}`)
      outage = undefined
      wasReached = true
    },
    isDue: (error) => isOutage(error) && (outage === undefined || clock.monotonicMs() >= outage.remindAtMs),
    failed(what, error, hint) {
      const text = hint === undefined ? describeError(error) : `${describeError(error)}; ${hint}`
      if (isOutage(error)) lost(text)
      else refused(what, text)
    },
  }
}

/** Nobody answered, or somebody who does not speak Thrift. */
function isOutage(error: unknown): boolean {
  return isKind(error, 'unavailable') || isKind(error, 'timeout') || isKind(error, 'corrupt')
}

function takeDue(trouble: Trouble, clock: Pick<Clock, 'monotonicMs'>): boolean {
  const now = clock.monotonicMs()
  if (now < trouble.remindAtMs) return false
  trouble.pauseMs = Math.min(trouble.pauseMs * 2, RAREST_REMINDER_MS)
  trouble.remindAtMs = now + trouble.pauseMs
  return true
}

function lasted({ sinceMs }: Trouble, clock: Pick<Clock, 'monotonicMs'>): string {
  return humanDuration(clock.monotonicMs() - sinceMs)
}
