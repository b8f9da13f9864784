import { planNotBefore } from '@moraine/management/optimizing/choose-tables'
import { quotaThreads } from '@moraine/management/optimizing/quota'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { activeThreads } from '@moraine/management/records/optimizer'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { isWithOneOf, runningAssignment } from '@moraine/management/records/task'
import type { EpochMs } from '@moraine/stdx/brand'
import type { MemoryProcess, MemoryState } from '@moraine/testkit/memory-stores/memory-state'
import { currentHold } from './current-hold.ts'

export type IdleWatchOptions = {
  readonly state: MemoryState
  /** Names of tables on which nobody can work, whatever their records say. */
  readonly hopeless: ReadonlySet<string>
  /** Whether clocks may differ by hours. */
  readonly skewed: boolean
}

/**
 * Within this much quiet time a thread that is idle must have met the work that is there. The clock of whoever leads may
 * still be two minutes behind: then windows open so much later.
 */
const IDLE_MOST_MS = 5 * 60_000
/** Behind by hours, it is still in the middle of a back-off, which takes an hour at most. */
const SKEWED_IDLE_MOST_MS = 65 * 60_000

/**
 * Watches that idle threads of a group, and a table of it that could be planned or a task that could be handed out, do not
 * live side by side for long. For quiet times: it takes a thread for idle that has no task by the records.
 *
 * @returns what is to be asked again and again; it answers with what has waited for too long, if anything
 */
export function idleWatch({ state, hopeless, skewed }: IdleWatchOptions): (now: EpochMs) => string | undefined {
  const mostMs = skewed ? SKEWED_IDLE_MOST_MS : IDLE_MOST_MS
  const holdOf = currentHold(state)
  const since = new Map<string, number>()
  const canBePlanned = (table: ManagedTable, group: ResourceGroup, now: EpochMs) =>
    table.state.phase === 'pending' &&
    planNotBefore(table, holdOf(table, group, table.request !== undefined, now), now) <= now
  const canBeHandedOut = ({ process, tasks }: MemoryProcess, group: ResourceGroup, threads: number, now: EpochMs) => {
    const table = state.tables.get(process.tableId)
    return (
      table !== undefined &&
      process.state.status === 'executing' &&
      tasks.some(({ task }) => task.state.status === 'planned') &&
      tasks.filter(({ task }) => runningAssignment(task) !== undefined).length < quotaThreads(process.quota, threads) &&
      holdOf(table, group, process.isRequested, now) === undefined
    )
  }
  const waitingIn = (group: ResourceGroup, threads: number, now: EpochMs): string | undefined => {
    const isHopeful = (table: ManagedTable | undefined) =>
      table?.settings.group === group.name && !hopeless.has(table.name.name)
    const table = [...state.tables.values()].find((one) => isHopeful(one) && canBePlanned(one, group, now))
    if (table !== undefined) return `table ${table.name.name} could be planned`
    const entry = [...state.processes.values()].find(
      (one) => isHopeful(state.tables.get(one.process.tableId)) && canBeHandedOut(one, group, threads, now),
    )
    return entry && `a task of process ${entry.process.processId} could be handed out`
  }
  return (now) => {
    for (const group of state.groups.values()) {
      const { threads, idle } = threadsOf(state, group.name)
      const waiting = idle > 0 ? waitingIn(group, threads, now) : undefined
      const from = since.get(group.name) ?? now
      if (waiting === undefined) since.delete(group.name)
      else since.set(group.name, from)
      if (waiting !== undefined && now - from > mostMs) {
        return `${idle} threads of group ${group.name} have been idle for ${now - from} ms, while ${waiting}`
      }
    }
    return undefined
  }
}

function threadsOf({ optimizers, processes }: MemoryState, group: string) {
  const live = [...optimizers.values()]
    .map(({ optimizer }) => optimizer)
    .filter((one) => one.group === group && one.state.status === 'active')
  const ids = new Set(live.map(({ optimizerId }) => optimizerId))
  const busy = [...processes.values()].flatMap(({ tasks }) => tasks).filter(({ task }) => isWithOneOf(ids, task))
  const threads = activeThreads(live)
  return { threads, idle: threads - busy.length }
}
