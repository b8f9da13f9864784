import { type EpochMs, earliest, later } from '@moraine/stdx/brand'
import { Cron } from 'croner'
import { type Stretch, zoneClock } from './zone-clock.ts'

/** The first start after `after`; `undefined` if there is none. */
export type NextStart = (after: EpochMs) => EpochMs | undefined

/**
 * The starts of a cron expression by the clock of a zone. One that the clock jumps over comes as much later; one that it repeats
 * comes at the first of both. Between two changes of the clock they are those of a clock that keeps its offset, which the
 * library finds some thirty times faster than those of a zone.
 *
 * @param cron five fields that can be read
 */
export function startsInZone(cron: string, zone: string): NextStart {
  const byOffset = startsByOffset(cron)
  const clock = zoneClock(zone)
  return remembering((after) => {
    let from = after
    for (let stretches = 0; stretches < STRETCHES_MAX; stretches += 1) {
      const stretch = clock.stretchAt(stretches === 0 ? from : later(from, 1))
      const start = startInStretch(byOffset, stretch, from)
      if (start === undefined || start < stretch.until) return start
      from = later(stretch.until, -1)
    }
    return undefined
  })
}

/** The starts by a clock that keeps the offset which the zone has at that time. */
export function startsAtOffset(cron: string, zone: string, at: EpochMs): NextStart {
  return startsByOffset(cron)(zoneClock(zone).stretchAt(at).offset)
}

/** The 29th of February may be eight years away, and on a Monday forty. */
const STRETCHES_MAX = 200
const MINUTE_MS = 60_000

type ByOffset = (minutes: number) => NextStart

/** The first start after `from`; it may be after the end of the stretch, where another counts. */
function startInStretch(byOffset: ByOffset, { offset, change }: Stretch, from: EpochMs): EpochMs | undefined {
  const next = byOffset(offset)
  if (change === undefined) return next(from)
  const jumpMs = (change.after - change.before) * MINUTE_MS
  const justBefore = Math.max(from, change.at - 1) as EpochMs
  // Put back: these minutes were there before, and what starts in them has started.
  if (jumpMs < 0) return next(Math.max(from, later(change.at, -jumpMs - 1)) as EpochMs)
  const skipped = byOffset(change.before)(justBefore)
  const isSkipped = skipped !== undefined && skipped < later(change.at, jumpMs)
  return earliest([next(from), isSkipped ? skipped : undefined].filter((start) => start !== undefined))
}

function startsByOffset(cron: string): ByOffset {
  const schedules = new Map<number, NextStart>()
  return (minutes) => {
    const known = schedules.get(minutes)
    if (known !== undefined) return known
    const schedule = new Cron(cron, { utcOffset: minutes, paused: true, mode: '5-part' })
    const starts = remembering((after) => schedule.nextRun(new Date(after))?.getTime() as EpochMs | undefined)
    schedules.set(minutes, starts)
    return starts
  }
}

/** Whoever goes through time asks again and again for the same start; that there is none takes the library longest to say. */
function remembering(nextStart: NextStart): NextStart {
  let last: { readonly after: EpochMs; readonly start: EpochMs | undefined } | undefined
  return (after) => {
    if (last === undefined || after < last.after || (last.start !== undefined && after >= last.start))
      last = { after, start: nextStart(after) }
    return last.start
  }
}
