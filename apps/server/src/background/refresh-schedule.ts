import type { TableId } from '@moraine/lifecycle/identity'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { nextRefreshDelay, type RefreshLimits, type RefreshOutcome } from '@moraine/management/tables/refresh-delay'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { dueQueue } from './due-queue.ts'

/**
 * A table that is told of again and again is looked at once, then after a pause that is a multiple of what a look takes:
 * where many tables change, or the service is busy, looks give way to what they look at.
 */
const LOOK_PAUSE = { shortestMs: 250, longestMs: 1000, lookTimes: 50 }

/** Looks that nobody waits for come together at these moments, so that one question is asked for many of them. */
const TOGETHER_MS = 250

/**
 * When each table is looked at next. Known to this server alone: after a restart all are looked at. Kept by the monotonic clock:
 * a wall clock that is set back would hold up every table for as long.
 */
export type RefreshSchedule = {
  /** Something may have changed: as soon as may be. */
  tell(tableId: TableId): void
  /** Not before that, and together with others. */
  put(tableId: TableId, delayMs: number): void
  has(tableId: TableId): boolean
  takeDue(): TableId | undefined
  nextAt(): EpochMs | undefined
  begin(tableId: TableId): void
  /** It was looked at, and is in its turn again later. */
  end(tableId: TableId, seen: { readonly table: ManagedTable; readonly outcome: RefreshOutcome }): void
  forget(tableId: TableId): void
}

export function refreshSchedule(limits: RefreshLimits, clock: Pick<Clock, 'now' | 'monotonicMs'>): RefreshSchedule {
  const due = dueQueue<TableId>()
  const delays = new Map<TableId, number>()
  const lastLooks = new Map<TableId, { readonly atMs: number; readonly pauseMs: number }>()

  const soonestLook = (tableId: TableId): number => {
    const last = lastLooks.get(tableId)
    return Math.max(clock.monotonicMs(), last === undefined ? 0 : last.atMs + last.pauseMs)
  }
  const put = (tableId: TableId, delayMs: number) =>
    due.put(tableId, Math.ceil((clock.monotonicMs() + delayMs) / TOGETHER_MS) * TOGETHER_MS)
  return {
    tell: (tableId) => due.put(tableId, soonestLook(tableId)),
    put,
    has: (tableId) => due.has(tableId),
    takeDue: () => due.takeDue(clock.monotonicMs()),
    nextAt() {
      const nextMs = due.nextAt()
      return nextMs === undefined ? undefined : later(clock.now(), nextMs - clock.monotonicMs())
    },
    begin: (tableId) => void lastLooks.set(tableId, { atMs: clock.monotonicMs(), pauseMs: LOOK_PAUSE.shortestMs }),
    end(tableId, { table, outcome }) {
      const nowMs = clock.monotonicMs()
      const atMs = lastLooks.get(tableId)?.atMs ?? nowMs
      lastLooks.set(tableId, { atMs, pauseMs: pauseAfter(nowMs - atMs) })
      const delayMs = nextRefreshDelay(delays.get(tableId), outcome, table.settings, limits)
      delays.set(tableId, delayMs)
      // Told of meanwhile.
      if (due.has(tableId)) return
      const waitedFor = table.evaluation?.reevaluateAt
      const waitMs = waitedFor === undefined ? 0 : waitedFor - clock.now()
      if (waitMs > 0 && waitMs < delayMs) due.put(tableId, nowMs + waitMs)
      else put(tableId, delayMs)
    },
    forget(tableId) {
      due.remove(tableId)
      delays.delete(tableId)
      lastLooks.delete(tableId)
    },
  }
}

function pauseAfter(lookMs: number): number {
  const { shortestMs, longestMs, lookTimes } = LOOK_PAUSE
  return Math.min(longestMs, Math.max(shortestMs, lookMs * lookTimes))
}
