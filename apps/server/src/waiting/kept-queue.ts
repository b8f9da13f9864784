import type { PendingTable } from '@moraine/management/records/managed-table'
import { type EpochMs, earliest, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { KEEP_PER_COST, PENDING_PAGE, type PendingScope, type PlanningQueue } from './pending-tables.ts'

/** The tables of one group in the order in which they are planned. */
export type KeptQueue = {
  /** What is left of the queue of these tables, from which is taken; made anew if it is time. */
  current(scope: PendingScope, make: () => Promise<PlanningQueue>): Promise<PendingTable[]>
  /** When to come again, though nothing changes. */
  nextAt(scope: PendingScope): EpochMs | undefined
}

/**
 * A long queue is kept for a while: to make it anew for each plan would cost more than the plans. What changes meanwhile is
 * seen when a table is taken from it; what comes to it waits for the next one.
 */
export function keptQueue(clock: Clock): KeptQueue {
  const queues = new Map<string, Kept>()
  return {
    async current(scope, make) {
      const startedMs = clock.monotonicMs()
      for (const [key, { untilMs }] of queues) if (untilMs <= startedMs) queues.delete(key)
      const kept = queues.get(keyOf(scope))
      if (kept !== undefined) return kept.next
      const { next, pending, nextAt } = await make()
      const madeMs = clock.monotonicMs()
      const keepMs = pending > PENDING_PAGE ? KEEP_PER_COST * (madeMs - startedMs) : 0
      const made = { next: [...next], nextAt, untilMs: madeMs + keepMs }
      queues.set(keyOf(scope), made)
      return made.next
    },
    nextAt(scope) {
      const kept = queues.get(keyOf(scope))
      if (kept === undefined) return undefined
      const leftMs = kept.untilMs - clock.monotonicMs()
      const renewedAt = kept.next.length === 0 && leftMs > 0 ? [later(clock.now(), leftMs)] : []
      return earliest([...renewedAt, ...(kept.nextAt === undefined ? [] : [kept.nextAt])])
    },
  }
}

type Kept = { readonly next: PendingTable[]; readonly nextAt: EpochMs | undefined; readonly untilMs: number }

function keyOf({ outside, isRequested }: PendingScope): string {
  return JSON.stringify([isRequested, ...outside])
}
