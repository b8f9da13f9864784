import type { TableId } from '@moraine/lifecycle/identity'
import { planNotBefore } from '@moraine/management/optimizing/choose-tables'
import { QUOTA_WINDOW_MS, quotaThreads } from '@moraine/management/optimizing/quota'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { activeThreads } from '@moraine/management/records/optimizer'
import type { Attempt } from '@moraine/management/records/task'
import type { StateChange } from '@moraine/management/store/state-change'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import type { MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { currentHold } from './current-hold.ts'

export type QuotaWatchOptions = {
  readonly state: MemoryState
  readonly clock: Pick<Clock, 'now'>
  /** Threads that would stay idle may go beyond a quota while no table of the group waits to be planned. */
  readonly breaksQuota: boolean
  /** Whether the wall clock of whoever writes the records is right. */
  readonly hasTrueTime: boolean
  /** Whether clocks differ by hours: then nobody can say from outside since when a table waits. */
  readonly skewed: boolean
}

/** What was decided is written this much later at most: a server may stand still in between. */
const LATE_MS = 3 * 60_000
/** Of each begin and end of an attempt: how much earlier than its record was made it may say that it was. */
const RECORD_SLACK_MS = 10_000

/**
 * Watches the threads that tables have, by what is written and when: at no moment more than the quota, a number of threads
 * or a share of those that the group had not long ago; and in the window that the service looks back over, no more time in
 * the records than there was, and no more than the quota allows.
 *
 * @returns what is to be shown all changes that were made; it answers with the rule that they break, if any
 */
export function quotaWatch(options: QuotaWatchOptions): (changes: readonly StateChange[]) => string | undefined {
  const { state, clock } = options
  const seen = new Map<TableId, Map<string, Stretch>>()
  const threads = threadHistory(state, clock)
  const note = (change: StateChange): Touched | undefined => {
    if (change.kind === 'begin-attempt') {
      const { tableId, processId } = change.attempt
      const stretches = seen.get(tableId) ?? new Map<string, Stretch>()
      seen.set(tableId, stretches.set(keyOf(change.attempt), { from: clock.now(), to: undefined }))
      return { tableId, processId, begins: true }
    }
    if (change.kind !== 'end-attempt') return undefined
    for (const [tableId, stretches] of seen) {
      const stretch = stretches.get(keyOf(change))
      if (stretch === undefined) continue
      stretches.set(keyOf(change), { ...stretch, to: clock.now() })
      return { tableId, processId: change.processId, begins: false }
    }
    return undefined
  }
  return (changes) => {
    threads.note(changes)
    for (const touched of changes.map(note)) {
      if (touched === undefined) continue
      const stretches = [...(seen.get(touched.tableId)?.values() ?? [])]
      const process = state.processes.get(touched.processId)?.process
      if (process === undefined) continue
      const allowed = quotaThreads(process.quota, threads.most(process.group))
      const rule =
        (touched.begins ? brokenNow(options, touched.tableId, stretches, allowed) : undefined) ??
        brokenRecords(options, touched.tableId, stretches, process.quota > 1 ? allowed : undefined)
      if (rule !== undefined) return rule
    }
    return undefined
  }
}

type Stretch = { readonly from: number; readonly to: number | undefined }
type Touched = Pick<Attempt, 'tableId' | 'processId'> & { readonly begins: boolean }

function keyOf({ processId, taskId, attempt }: Pick<Attempt, 'processId' | 'taskId' | 'attempt'>): string {
  return `${processId}/${taskId}/${attempt}`
}

/** Of each group the most threads that it had not long ago. */
function threadHistory({ optimizers }: MemoryState, clock: Pick<Clock, 'now'>) {
  const history: { readonly until: number; readonly group: string; readonly threads: number }[] = []
  const live = (group: string) =>
    activeThreads([...optimizers.values()].map(({ optimizer }) => optimizer).filter(({ group: of }) => of === group))
  let known = new Map<string, number>()
  return {
    note(changes: readonly StateChange[]) {
      if (!changes.some(({ kind }) => kind.endsWith('-optimizer'))) return
      for (const [group, threads] of known) history.push({ until: clock.now(), group, threads })
      known = new Map([...optimizers.values()].map(({ optimizer: { group } }) => [group, live(group)]))
    },
    most(group: string) {
      while (history[0] !== undefined && history[0].until < clock.now() - LATE_MS) history.shift()
      const past = history.filter((each) => each.group === group).map(({ threads }) => threads)
      return Math.max(known.get(group) ?? 0, ...past)
    },
  }
}

/** Once an attempt has begun, the table must be within its quota; one that is refused breaks nothing. */
function brokenNow(
  options: QuotaWatchOptions,
  tableId: TableId,
  stretches: readonly Stretch[],
  allowed: number,
): string | undefined {
  const running = stretches.filter(({ to }) => to === undefined).length
  if (running <= allowed) return undefined
  const { state, clock, breaksQuota, skewed } = options
  if (breaksQuota && skewed) return undefined
  const group = state.tables.get(tableId)?.settings.group
  const before = later(clock.now(), -LATE_MS)
  const waiting = [...state.tables.values()].find(
    (table) => table.settings.group === group && table.state.since < before && isAwaited(options, table, before),
  )
  if (breaksQuota && waiting === undefined) return undefined
  return `table ${tableId} has ${running} threads of ${allowed}${breaksQuota ? `, and table ${waiting?.tableId} waits to be planned` : ''}`
}

/** Whether it is being planned, or could have been for as long as since that moment. */
function isAwaited({ state, clock }: QuotaWatchOptions, table: ManagedTable, since: EpochMs): boolean {
  if (table.state.phase !== 'pending') return table.state.phase === 'planning'
  const holdOf = currentHold(state)
  const group = state.groups.get(table.settings.group)
  const isRequested = table.request !== undefined
  const isHeld = [since, clock.now()].some((at) => holdOf(table, group, isRequested, at) !== undefined)
  return !isHeld && planNotBefore(table, undefined, since) <= since
}

/** @param allowed threads, where it is a number that is always the same */
function brokenRecords(
  { state, clock, breaksQuota, hasTrueTime }: QuotaWatchOptions,
  tableId: TableId,
  stretches: readonly Stretch[],
  allowed: number | undefined,
): string | undefined {
  if (!hasTrueTime) return undefined
  const now = clock.now()
  const since = now - QUOTA_WINDOW_MS
  const seenMs = stretches.reduce((sum, { from, to = now }) => sum + Math.max(0, to - Math.max(from, since)), 0)
  const recorded = [...state.processes.values()]
    .filter(({ process }) => process.tableId === tableId)
    .flatMap(({ attempts }) => [...attempts.values()])
  const recordedMs = recorded.reduce(
    (sum, { scheduledAt, end }) => sum + Math.max(0, (end?.endedAt ?? now) - Math.max(scheduledAt, since)),
    0,
  )
  const slackMs = 2 * RECORD_SLACK_MS * recorded.length
  if (Math.abs(recordedMs - seenMs) > slackMs) {
    return `table ${tableId} had threads for ${seenMs} ms of the window, and ${recordedMs} ms by the records`
  }
  if (allowed === undefined || breaksQuota || seenMs <= allowed * QUOTA_WINDOW_MS) return undefined
  return `table ${tableId} had threads for ${seenMs} ms of a window in which ${allowed} are allowed`
}
