import { type EpochMs, earliest } from '@moraine/stdx/brand'
import { parseTimeWindows, type Starts, type TimeWindow, windowEnd } from './time-window.ts'

/** When work may begin: within one of the windows, or at any time if there are none, but in no blackout. */
export type Schedule = { readonly windows: readonly TimeWindow[]; readonly blackouts: readonly TimeWindow[] }

export type Opening =
  /** `until`: when it closes; `undefined` if not within the horizon. */
  | { readonly kind: 'open'; readonly until: EpochMs | undefined }
  /** `until`: when it opens; `undefined` if not within the horizon, or, by {@link neverOpens}, `never`. */
  | { readonly kind: 'outside-windows' | 'blackout'; readonly until: EpochMs | undefined; readonly never?: true }

/** @throws {MoraineError} `invalid-input` naming the window that cannot be read */
export function parseSchedule(windows: string, blackouts: string): Schedule {
  return { windows: parseTimeWindows(windows), blackouts: parseTimeWindows(blackouts) }
}

/** Whether work may begin now, and when that changes. */
export function openingAt(schedule: Schedule, now: EpochMs): Opening {
  const first = stateAt(schedule, now)
  let at = now
  let next = first
  for (let steps = stepsFor(schedule, LOOKS_MAX); steps > 0 && next.changesAt !== undefined; steps -= 1) {
    at = next.changesAt
    next = stateAt(schedule, at)
    if ((next.kind === 'open') !== (first.kind === 'open')) return { kind: first.kind, until: at }
  }
  // Windows that follow each other without a gap may do so for ever.
  if (first.kind === 'open' || !neverOpens(schedule, now)) return { kind: first.kind, until: undefined }
  return { kind: first.kind, until: undefined, never: true }
}

/**
 * Whether no time is open: no window ever begins, or blackouts leave nothing of them. That is so if nothing opens until all of
 * them come again as they were, but for the hours in which a clock is put forward or back.
 */
export function neverOpens({ windows, blackouts }: Schedule, now: EpochMs): boolean {
  const periodMs = Math.max(...[...windows, ...blackouts].map((window) => window.periodMs))
  const steady = {
    windows: windows.map((window) => window.steadily(now)),
    blackouts: blackouts.map((window) => window.steadily(now)),
  }
  let at = now
  let state = stateAt(steady, at)
  for (let steps = stepsFor(steady, NEVER_LOOKS_MAX); steps > 0 && state.kind !== 'open'; steps -= 1) {
    if (state.changesAt === undefined || at - now > periodMs) return true
    at = state.changesAt
    state = stateAt(steady, at)
  }
  return false
}

/** Enough for a week of minutes of two windows. What changes more often than that is not known to stay closed. */
const NEVER_LOOKS_MAX = 24_000

/** The horizon, in looks at windows: enough for a week of hours of two of them. */
const LOOKS_MAX = 400

/** Beginnings and ends that can be gone through, in each of which every window is looked at. */
function stepsFor({ windows, blackouts }: StartsOf, looks: number): number {
  return Math.ceil(looks / Math.max(1, windows.length + blackouts.length))
}

type StateAt = {
  readonly kind: Opening['kind']
  /** The first moment at which it may be another. */
  readonly changesAt: EpochMs | undefined
}

type StartsOf = Readonly<Record<keyof Schedule, readonly Starts[]>>

function stateAt({ windows, blackouts }: StartsOf, now: EpochMs): StateAt {
  const blackoutEnds = ends(blackouts, now)
  if (blackoutEnds.length > 0) return { kind: 'blackout', changesAt: latest(blackoutEnds) }
  if (windows.length === 0) return { kind: 'open', changesAt: nextStart(blackouts, now) }
  const windowEnds = ends(windows, now)
  if (windowEnds.length === 0) return { kind: 'outside-windows', changesAt: nextStart(windows, now) }
  const closes = [latest(windowEnds), nextStart(blackouts, now)].filter((each) => each !== undefined)
  return { kind: 'open', changesAt: earliest(closes) }
}

function ends(windows: readonly Starts[], now: EpochMs): readonly EpochMs[] {
  return windows.map((window) => windowEnd(window, now)).filter((end) => end !== undefined)
}

function nextStart(windows: readonly Starts[], now: EpochMs): EpochMs | undefined {
  return earliest(windows.map((window) => window.nextStart(now)).filter((start) => start !== undefined))
}

function latest(times: readonly EpochMs[]): EpochMs | undefined {
  return times.reduce<EpochMs | undefined>((last, at) => (last === undefined || at > last ? at : last), undefined)
}
