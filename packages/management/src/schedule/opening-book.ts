import type { EpochMs } from '@moraine/stdx/brand'
import { describeError } from '@moraine/stdx/error'
import { weighedCache } from '@moraine/stdx/weighed-cache'
import { type Opening, openingAt, parseSchedule } from './opening.ts'

/** Openings by the text of their windows. An opening is worked out once for as long as it lasts, for all who share it. */
export type OpeningBook = {
  find(windows: string, blackouts: string, now: EpochMs): Opening | UnreadableWindows
}

/** Windows that nobody can read are no leave to work at any time. */
export type UnreadableWindows = { readonly kind: 'unreadable'; readonly reason: string; readonly until: undefined }

type Entry = { readonly key: string; readonly seenAt: EpochMs; readonly opening: Opening | UnreadableWindows }

/** Characters of windows that are kept: those of 100,000 tables, each with its own. They are read anew when an opening ends. */
const KEPT_MAX = 8_000_000

export function openingBook(): OpeningBook {
  const entries = weighedCache<Entry>(KEPT_MAX, ({ key }) => key.length)
  return {
    find(windows, blackouts, now) {
      if (windows === '' && blackouts === '') return ALWAYS
      const key = JSON.stringify([windows, blackouts])
      const known = entries.find(key)
      if (known !== undefined && lasts(known, now)) return known.opening
      const opening = readOpening(windows, blackouts, now)
      entries.keep(key, { key, seenAt: now, opening })
      return opening
    },
  }
}

const ALWAYS: Opening = { kind: 'open', until: undefined }

function readOpening(windows: string, blackouts: string, now: EpochMs): Entry['opening'] {
  try {
    return openingAt(parseSchedule(windows, blackouts), now)
  } catch (error) {
    return { kind: 'unreadable', reason: describeError(error), until: undefined }
  }
}

/** What has no end within the horizon is looked at again after a day. */
const UNENDING_MS = 86_400_000

// A clock that was set back makes it doubtful.
function lasts({ seenAt, opening }: Entry, now: EpochMs): boolean {
  return now >= seenAt && now < (opening.until ?? seenAt + UNENDING_MS)
}
