import { nextPlannableAt, planNotBefore, planningQueue } from '@moraine/management/optimizing/choose-tables'
import type { PendingTable } from '@moraine/management/records/managed-table'
import { type ResourceGroup, schedulingPolicy } from '@moraine/management/records/resource-group'
import type { Hold } from '@moraine/management/schedule/hold'
import type { Stores } from '@moraine/management/store/stores'
import { type EpochMs, earliest } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import type { HoldFinder } from './hold-finder.ts'

export type PendingTablesDeps = {
  readonly stores: Pick<Stores, 'tables'>
  readonly findHolds: HoldFinder
}

export const PENDING_PAGE = 1000

/** What was found by looking at all that waits is used for so many times as long as it took. */
export const KEEP_PER_COST = 20

/** Which of the tables that wait are looked at. */
export type PendingScope = {
  /** Catalogs whose tables are left out. */
  readonly outside: readonly string[]
  /** Those alone for which a person asked. */
  readonly isRequested: boolean
}

const ALL: PendingScope = { outside: [], isRequested: false }

export type PendingPage = {
  readonly pending: readonly PendingTable[]
  readonly holds: ReadonlyMap<PendingTable['tableId'], Hold>
}

/**
 * All tables of a group that wait to be planned, in order of id, with what holds them: however many are held, none hides
 * others.
 */
export async function* pendingPages(
  { stores, findHolds }: PendingTablesDeps,
  group: ResourceGroup,
  { outside, isRequested }: PendingScope = ALL,
): AsyncGenerator<PendingPage> {
  let after: PendingTable['tableId'] | undefined
  for (;;) {
    const query = {
      ...{ group: group.name, limit: PENDING_PAGE, outside },
      ...(isRequested && { isRequested }),
      ...(after !== undefined && { after }),
    }
    const pending = await stores.tables.listPending(query)
    const last = pending.at(-1)
    if (last === undefined) return
    const work = pending.map((table) => ({ ...table, isRequested: table.request !== undefined }))
    yield { pending, holds: await findHolds(group, work) }
    if (pending.length < PENDING_PAGE) return
    after = last.tableId
  }
}

/** Of the first page that has some, how many may be planned now. */
export async function countPlannable(deps: PendingTablesDeps, group: ResourceGroup, now: EpochMs): Promise<number> {
  for await (const { pending, holds } of pendingPages(deps, group)) {
    const ready = pending.filter((table) => planNotBefore(table, holds.get(table.tableId), now) <= now).length
    if (ready > 0) return ready
  }
  return 0
}

export type PlanningQueue = {
  /** The next to be planned, at most {@link QUEUE_MAX}. */
  readonly next: readonly PendingTable[]
  /** How many wait, whether they may be planned or not. */
  readonly pending: number
  /** When one that waits for time alone may be planned. */
  readonly nextAt: EpochMs | undefined
}

/** So many are planned before all are looked at again. */
const QUEUE_MAX = 1000

export type QueueTerms = {
  readonly groupThreads: number
  readonly usedMs: ReadonlyMap<PendingTable['tableId'], number>
  readonly now: EpochMs
  readonly scope: PendingScope
}

export async function loadPlanningQueue(
  deps: PendingTablesDeps,
  group: ResourceGroup,
  terms: QueueTerms,
): Promise<PlanningQueue> {
  const policy = schedulingPolicy(group)
  const queue = { next: [] as readonly PendingTable[], pending: 0, nextAt: undefined as EpochMs | undefined }
  for await (const page of pendingPages(deps, group, terms.scope)) {
    queue.pending += page.pending.length
    queue.nextAt = earliest([queue.nextAt, nextPlannableAt({ ...page, ...terms })].filter((at) => at !== undefined))
    const candidates = [...queue.next, ...page.pending]
    queue.next = planningQueue({ ...terms, policy, pending: candidates, holds: page.holds }).slice(0, QUEUE_MAX)
  }
  return queue
}

/** Whether a table of a group is being planned, or may be. */
export type PlanAwaiter = (group: ResourceGroup) => Promise<boolean>

/** To look takes a twentieth of the time at most: that none is found is believed for a while. */
export function planAwaiter(deps: PendingTablesDeps & { readonly clock: Clock }): PlanAwaiter {
  const { stores, clock } = deps
  const believedUntilMs = new Map<string, number>()
  return async (group) => {
    const startedMs = clock.monotonicMs()
    if (startedMs < (believedUntilMs.get(group.name) ?? 0)) return false
    const planning = await stores.tables.listTableNames({ group: group.name, phases: ['planning'], limit: 1 })
    if (planning.length > 0 || (await countPlannable(deps, group, clock.now())) > 0) return true
    const endedMs = clock.monotonicMs()
    believedUntilMs.set(group.name, endedMs + KEEP_PER_COST * (endedMs - startedMs))
    return false
  }
}
