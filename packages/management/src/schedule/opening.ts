import { type EpochMs, earliest } from '@moraine/stdx/brand'
import { parseTimeWindows, type TimeWindow, windowEnd } from './time-window.ts'

/** When work may begin: within one of the windows, or at any time if there are none, but in no blackout. */
export type Schedule = { readonly windows: readonly TimeWindow[]; readonly blackouts: readonly TimeWindow[] }

export type Opening =
  /** `until`: when it closes; `undefined` if not within the horizon. */
  | { readonly kind: 'open'; readonly until: EpochMs | undefined }
  /** `until`: when it opens; `undefined` if not within the horizon. */
  | { readonly kind: 'outside-windows' | 'blackout'; readonly until: EpochMs | undefined }

/** @throws {MoraineError} `invalid-input` naming the window that cannot be read */
export function parseSchedule(windows: string, blackouts: string): Schedule {
  return { windows: parseTimeWindows(windows), blackouts: parseTimeWindows(blackouts) }
}

/** Whether work may begin now, and when that changes. */
export function openingAt(schedule: Schedule, now: EpochMs): Opening {
  const first = stateAt(schedule, now)
  let at = now
  let next = first
  for (let steps = 0; steps < STEPS_MAX; steps += 1) {
    if (next.changesAt === undefined) return { kind: first.kind, until: undefined }
    at = next.changesAt
    next = stateAt(schedule, at)
    if ((next.kind === 'open') !== (first.kind === 'open')) return { kind: first.kind, until: at }
  }
  // Windows that follow each other without a gap may do so for ever.
  return { kind: first.kind, until: undefined }
}

/** The horizon, in beginnings and ends of windows. */
const STEPS_MAX = 64

type StateAt = {
  readonly kind: Opening['kind']
  /** The first moment at which it may be another. */
  readonly changesAt: EpochMs | undefined
}

function stateAt({ windows, blackouts }: Schedule, now: EpochMs): StateAt {
  const blackoutEnds = ends(blackouts, now)
  if (blackoutEnds.length > 0) return { kind: 'blackout', changesAt: latest(blackoutEnds) }
  if (windows.length === 0) return { kind: 'open', changesAt: nextStart(blackouts, now) }
  const windowEnds = ends(windows, now)
  if (windowEnds.length === 0) return { kind: 'outside-windows', changesAt: nextStart(windows, now) }
  const closes = [latest(windowEnds), nextStart(blackouts, now)].filter((each) => each !== undefined)
  return { kind: 'open', changesAt: earliest(closes) }
}

function ends(windows: readonly TimeWindow[], now: EpochMs): readonly EpochMs[] {
  return windows.map((window) => windowEnd(window, now)).filter((end) => end !== undefined)
}

function nextStart(windows: readonly TimeWindow[], now: EpochMs): EpochMs | undefined {
  return earliest(windows.map((window) => window.nextStart(now)).filter((start) => start !== undefined))
}

function latest(times: readonly EpochMs[]): EpochMs | undefined {
  return times.reduce<EpochMs | undefined>((last, at) => (last === undefined || at > last ? at : last), undefined)
}
