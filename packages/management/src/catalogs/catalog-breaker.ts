import { unreachable } from '@moraine/stdx/assert'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Moment } from '@moraine/stdx/clock'

/**
 * What is known of a catalog by the calls that were made of it. Pauses are measured by the monotonic clock, so that a wall
 * clock that is set makes none longer.
 *
 * - `closed`: it is asked freely; `silence` is what came since its last answer
 * - `open`: it is left alone until `tryAtMs`
 * - `half-open`: one piece of work asks it, and tells by what comes of it
 */
export type CatalogBreaker =
  | { readonly kind: 'closed'; readonly silence: Silence | undefined }
  | { readonly kind: 'open'; readonly silence: Silence; readonly pauseMs: number; readonly tryAtMs: number }
  | { readonly kind: 'half-open'; readonly silence: Silence; readonly pauseMs: number }

/** Calls in a row to which there was no answer: an error of the catalog is an answer, that it is away or late is none. */
export type Silence = { readonly since: EpochMs; readonly calls: number; readonly reason: string }

export type BreakerEvent =
  | { readonly kind: 'answered' }
  | { readonly kind: 'unanswered'; readonly reason: string }
  /** Work is begun that may ask it. */
  | { readonly kind: 'begun' }
  /** The work that was to tell has ended. */
  | { readonly kind: 'ended' }
  /** There is reason to think that it answers now. */
  | { readonly kind: 'hurried' }

/** By both clocks. */

export const CLOSED: CatalogBreaker = { kind: 'closed', silence: undefined }

/** Calls without an answer that open it. */
export const UNANSWERED_MAX = 3
export const SHORTEST_PAUSE_MS = 10_000
export const LONGEST_PAUSE_MS = 5 * 60_000

export function moveBreaker(breaker: CatalogBreaker, event: BreakerEvent, at: Moment): CatalogBreaker {
  switch (event.kind) {
    case 'answered':
      return CLOSED
    case 'unanswered':
      return afterSilence(breaker, event.reason, at)
    case 'begun': {
      if (breaker.kind !== 'open' || admission(breaker, at) === 'none') return breaker
      const { silence, pauseMs } = breaker
      return { kind: 'half-open', silence, pauseMs }
    }
    case 'ended':
      // It asked nothing: the next to come may.
      return breaker.kind === 'half-open' ? { ...breaker, kind: 'open', tryAtMs: at.monotonicMs } : breaker
    case 'hurried':
      return breaker.kind === 'open' ? { ...breaker, tryAtMs: at.monotonicMs } : breaker
    default:
      return unreachable(event)
  }
}

/** How much work on tables of the catalog may begin: as much as there is room for, one piece, none. */
export type Admission = 'any' | 'one' | 'none'

export function admission(breaker: CatalogBreaker, { monotonicMs }: Pick<Moment, 'monotonicMs'>): Admission {
  switch (breaker.kind) {
    case 'closed':
      return 'any'
    case 'open':
      return breaker.tryAtMs <= monotonicMs ? 'one' : 'none'
    case 'half-open':
      return 'none'
    default:
      return unreachable(breaker)
  }
}

/** A catalog that is left alone, for a person. */
export type CatalogOutage = Silence & {
  readonly catalog: string
  /** It may have come already: somebody is to ask, or asks. */
  readonly tryAt: EpochMs
}

export function outageOf(
  catalog: string,
  breaker: CatalogBreaker,
  { now, monotonicMs }: Moment,
): CatalogOutage | undefined {
  if (breaker.kind === 'closed') return undefined
  const leftMs = breaker.kind === 'open' ? Math.max(0, breaker.tryAtMs - monotonicMs) : 0
  return { ...breaker.silence, catalog, tryAt: later(now, Math.round(leftMs)) }
}

function afterSilence(breaker: CatalogBreaker, reason: string, { now, monotonicMs }: Moment): CatalogBreaker {
  const before = breaker.silence
  const silence = { since: before?.since ?? now, calls: (before?.calls ?? 0) + 1, reason }
  const open = (pauseMs: number) => ({ kind: 'open', silence, pauseMs, tryAtMs: monotonicMs + pauseMs }) as const
  switch (breaker.kind) {
    case 'closed':
      return silence.calls < UNANSWERED_MAX ? { kind: 'closed', silence } : open(SHORTEST_PAUSE_MS)
    case 'open':
      // A call that was under way when it opened: the pause stays.
      return { ...breaker, silence }
    case 'half-open':
      return open(Math.min(2 * breaker.pauseMs, LONGEST_PAUSE_MS))
    default:
      return unreachable(breaker)
  }
}
