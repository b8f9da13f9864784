import type { TableId } from '@moraine/lifecycle/identity'
import type { ManagedTable } from '@moraine/management/tables/managed-table'
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

/** When each table is looked at next. Known to this server alone: after a restart all are looked at. */
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

export function refreshSchedule(limits: RefreshLimits, clock: Pick<Clock, 'now'>): RefreshSchedule {
  const due = dueQueue<TableId>()
  const delays = new Map<TableId, number>()
  const lastLooks = new Map<TableId, { readonly at: EpochMs; readonly pauseMs: number }>()

  const soonestLook = (tableId: TableId): EpochMs => {
    const now = clock.now()
    const last = lastLooks.get(tableId)
    const paused = last === undefined ? now : later(last.at, last.pauseMs)
    // A clock that was set back must not hold up a table.
    return paused > now && paused <= later(now, LOOK_PAUSE.longestMs) ? paused : now
  }
  const put = (tableId: TableId, delayMs: number) => {
    const at = Math.ceil((clock.now() + delayMs) / TOGETHER_MS) * TOGETHER_MS
    due.put(tableId, at as EpochMs)
  }
  return {
    tell: (tableId) => due.put(tableId, soonestLook(tableId)),
    put,
    has: (tableId) => due.has(tableId),
    takeDue: () => due.takeDue(clock.now()),
    nextAt: () => due.nextAt(),
    begin: (tableId) => void lastLooks.set(tableId, { at: clock.now(), pauseMs: LOOK_PAUSE.shortestMs }),
    end(tableId, { table, outcome }) {
      const now = clock.now()
      const at = lastLooks.get(tableId)?.at ?? now
      lastLooks.set(tableId, { at, pauseMs: pauseAfter(now - at) })
      const delayMs = nextRefreshDelay(delays.get(tableId), outcome, table.settings, limits)
      delays.set(tableId, delayMs)
      // Told of meanwhile.
      if (due.has(tableId)) return
      const waitedFor = table.evaluation?.reevaluateAt
      if (waitedFor !== undefined && waitedFor > now && waitedFor < later(now, delayMs)) due.put(tableId, waitedFor)
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
