import type { EpochMs } from '@moraine/stdx/brand'
import { describeError } from '@moraine/stdx/error'
import { weighedCache } from '@moraine/stdx/weighed-cache'
import { type Opening, openingAt, parseSchedule, type Schedule } from './opening.ts'

/** Openings by the text of their windows. An opening is worked out once for as long as it lasts, for all who share it. */
export type OpeningBook = {
  find(windows: string, blackouts: string, now: EpochMs): Opening | UnreadableWindows
}

/** Windows that nobody can read are no leave to work at any time. */
export type UnreadableWindows = { readonly kind: 'unreadable'; readonly reason: string; readonly until: undefined }

type Entry = {
  readonly schedule: Schedule | undefined
  readonly seenAt: EpochMs
  readonly opening: Opening | UnreadableWindows
}

const SCHEDULES_MAX = 1000

export function openingBook(): OpeningBook {
  const entries = weighedCache<Entry>(SCHEDULES_MAX, () => 1)
  return {
    find(windows, blackouts, now) {
      if (windows === '' && blackouts === '') return ALWAYS
      const key = JSON.stringify([windows, blackouts])
      const known = entries.find(key)
      if (known !== undefined && lasts(known, now)) return known.opening
      const entry = known?.schedule === undefined ? readEntry(windows, blackouts, now) : entryAt(known.schedule, now)
      entries.keep(key, entry)
      return entry.opening
    },
  }
}

const ALWAYS: Opening = { kind: 'open', until: undefined }

function readEntry(windows: string, blackouts: string, now: EpochMs): Entry {
  try {
    return entryAt(parseSchedule(windows, blackouts), now)
  } catch (error) {
    const opening = { kind: 'unreadable', reason: describeError(error), until: undefined } as const
    return { schedule: undefined, seenAt: now, opening }
  }
}

function entryAt(schedule: Schedule, now: EpochMs): Entry {
  return { schedule, seenAt: now, opening: openingAt(schedule, now) }
}

/** What has no end within the horizon is looked at again after a day. */
const UNENDING_MS = 86_400_000

// A clock that was set back makes it doubtful.
function lasts({ seenAt, opening }: Entry, now: EpochMs): boolean {
  return now >= seenAt && now < (opening.until ?? seenAt + UNENDING_MS)
}
