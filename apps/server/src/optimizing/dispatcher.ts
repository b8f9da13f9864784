import type { ProcessId } from '@moraine/lifecycle/identity'
import type { Assignment } from '@moraine/lifecycle/task-status'
import { assignTask, refuseTask, type Slot } from '@moraine/management/optimizing/assign-task'
import { chooseTasks } from '@moraine/management/optimizing/choose-tasks'
import { resetTask } from '@moraine/management/optimizing/give-up-attempt'
import { activeThreads, type Optimizer } from '@moraine/management/records/optimizer'
import type { DispatchableProcess } from '@moraine/management/records/process-store'
import type { Task } from '@moraine/management/records/task'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { must } from '@moraine/stdx/assert'
import { mapBounded } from '@moraine/stdx/bounded'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import type { Withheld } from '../leadership/leader-news.ts'
import type { Log } from '../service/log.ts'
import type { HoldFinder } from '../waiting/hold-finder.ts'
import { type PlanAwaiter, planAwaiter } from '../waiting/pending-tables.ts'
import type { TableToReach } from '../waiting/planned-ahead.ts'
import { type TaskAccess, taskAccess } from './task-access.ts'
import { type AssignedTask, type Waiter, type WaitingThreads, waitingThreads } from './waiting-threads.ts'

export type DispatcherDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'optimizers' | 'groups'>
  readonly maintenance: Pick<TableMaintenance, 'attemptInput' | 'loadAccess'>
  /** `self-optimizing.break-quota-limit-enabled` */
  readonly breaksQuota: boolean
  readonly findHolds: HoldFinder
  readonly clock: Clock
  readonly log: Log
}

/** Hands tasks to the threads that wait for one. Who waits is known to this server alone; what waits is in the store. */
export interface Dispatcher {
  /** The next task for this thread; `undefined` when `waitMs` have passed, or the signal aborts, without one. */
  take(slot: Slot, group: string, waitMs: number, signal: AbortSignal): Promise<AssignedTask | undefined>
  /** Something may be there to hand out. */
  nudge(): void
  /** Whether the tasks of a table are handed to nobody for now, since its files could not be reached. */
  isWithheld(table: TableToReach): boolean
  /** As `TaskAccess` has it. */
  withheld(): Withheld
  /** Sends all waiting threads away and hands out nothing more. */
  stop(): Promise<void>
}

export function dispatcher(deps: DispatcherDeps): Dispatcher {
  const threads = waitingThreads(deps.clock)
  const access = taskAccess({ ...deps, onEnd: () => rounds.nudge() })
  const handOutDeps: HandOutDeps = { ...deps, access, isAwaitingPlan: planAwaiter(deps) }
  const rounds = repeatedly(() => handOutToAll(handOutDeps, threads))
  return {
    nudge: rounds.nudge,
    isWithheld: access.isWithheld,
    withheld: access.withheld,
    async take(slot, group, waitMs, signal) {
      if (rounds.areOver() || signal.aborted) return undefined
      const task = threads.wait(slot, group, waitMs, signal)
      rounds.nudge()
      return task
    },
    async stop() {
      const last = rounds.end()
      threads.dismissAll()
      await last
      await access.stop()
    },
  }
}

type Rounds = {
  nudge(): void
  /** No more; comes when the last has ended. */
  end(): Promise<void>
  areOver(): boolean
}

/** One round at a time; a nudge during a round causes another. */
function repeatedly(round: () => Promise<void>): Rounds {
  let again = false
  let running: Promise<void> | undefined
  let isOver = false
  const run = async () => {
    while (again) {
      again = false
      await round()
    }
  }
  const nudge = () => {
    again = true
    if (isOver) return
    running ??= run().finally(() => {
      running = undefined
      if (again && !isOver) nudge()
    })
  }
  return {
    nudge,
    async end() {
      isOver = true
      await running
    },
    areOver: () => isOver,
  }
}

async function handOutToAll(deps: HandOutDeps, threads: WaitingThreads): Promise<void> {
  for (const [group, waiters] of threads.byGroup()) {
    if (waiters.size === 0) continue
    await handOut(deps, group, waiters).catch((error: unknown) => {
      // The other groups have theirs. Threads poll again within seconds, and every poll comes here.
      deps.log.error({ group, failure: describeError(error) }, 'tasks could not be handed out')
    })
  }
}

type HandOutDeps = DispatcherDeps & {
  readonly access: TaskAccess
  /** Its tasks will want the threads soon. */
  readonly isAwaitingPlan: PlanAwaiter
}

async function handOut(deps: HandOutDeps, groupName: string, waiters: Set<Waiter>): Promise<void> {
  const { stores } = deps
  const accesses = new Map<ProcessId, string>()
  const dispatchable = await stores.tasks.listDispatchable(groupName)
  // As it is at nearly every poll of an idle thread.
  if (dispatchable.length === 0) return
  const group = await stores.groups.findGroup(groupName)
  const holds = await deps.findHolds(group, dispatchable)
  const processes = dispatchable.filter((process) => {
    if (holds.has(process.tableId)) return false
    const access = deps.access.find(process)
    if (access !== undefined) accesses.set(process.processId, access)
    return access !== undefined
  })
  if (processes.length === 0) return
  const optimizers = await stores.optimizers.listLiveOptimizers(groupName)
  dismissInactive(waiters, optimizers)
  const terms = { processes, idleThreads: waiters.size, groupThreads: activeThreads(optimizers) }
  const withinQuota = chooseTasks({ ...terms, mayBreakQuota: false })
  const leavesIdle = withinQuota.length < Math.min(waiters.size, countPlanned(processes))
  const isFree = async () => group === undefined || !(await deps.isAwaitingPlan(group))
  const mayBreakQuota = deps.breaksQuota && leavesIdle && (await isFree())
  const chosen = mayBreakQuota ? chooseTasks({ ...terms, mayBreakQuota }) : withinQuota
  const planned = new Map<ProcessId, Task[]>()
  for (const [processId, count] of countOf(chosen)) {
    planned.set(processId, [...(await stores.tasks.listPlanned(processId, count))])
  }
  const pairs: Pair[] = []
  for (const processId of chosen) {
    const task = planned.get(processId)?.shift()
    const [waiter] = waiters
    if (task === undefined || waiter === undefined) continue
    // It is out of the set while it is being served, so that nobody else serves it.
    waiters.delete(waiter)
    pairs.push({ task, waiter, access: must(accesses.get(processId), 'access of a chosen process') })
  }
  await servePairs(deps, pairs, waiters)
}

type Pair = { readonly task: Task; readonly waiter: Waiter; readonly access: string }

/** Tasks assigned at a time: the database writes them together. */
const SERVED_AT_ONCE = 64

async function servePairs(deps: HandOutDeps, pairs: readonly Pair[], waiters: Set<Waiter>): Promise<void> {
  const failures: unknown[] = []
  await mapBounded(pairs, SERVED_AT_ONCE, async ({ task, waiter, access }) => {
    let isServed = false
    try {
      // What failed once would fail for the others.
      isServed = failures.length === 0 && (await serve(deps, task, access, waiter))
    } catch (error) {
      failures.push(error)
    }
    if (!isServed && !waiter.gone) waiters.add(waiter)
  })
  if (failures.length > 0) throw failures[0]
}

/** Threads of an optimizer that is gone, or takes no more tasks, may still wait here: their connection ends in its own time. */
function dismissInactive(waiters: ReadonlySet<Waiter>, optimizers: readonly Optimizer[]): void {
  const active = new Set(optimizers.flatMap(({ optimizerId, state }) => (state.status === 'active' ? optimizerId : [])))
  for (const waiter of [...waiters]) {
    if (!active.has(waiter.slot.optimizerId)) waiter.resolve(undefined)
  }
}

function countPlanned(processes: readonly DispatchableProcess[]): number {
  return processes.reduce((total, { plannedTasks }) => total + plannedTasks, 0)
}

/** Whether the task is the waiter's now. What the database refuses for the moment is thrown, and tried again. */
async function serve(deps: DispatcherDeps, task: Task, access: string, waiter: Waiter): Promise<boolean> {
  const { stores, clock, log } = deps
  const { assignment, changes } = assignTask(task, waiter.slot, clock.now())
  let input: string
  try {
    input = await loadInput(deps, task, assignment, access)
  } catch (error) {
    if (!isKind(error, 'corrupt') && !isKind(error, 'permission')) throw error
    const { processId, taskId } = task
    log.error({ processId, taskId, failure: describeError(error) }, 'a task can be given to nobody')
    await stores.state.apply(refuseTask(task, describeError(error), clock.now()))
    return false
  }
  if (waiter.gone || (await stores.state.apply(changes)).kind !== 'applied') return false
  await deliver(deps, { ...task, assignment, input }, waiter)
  return true
}

/** @throws {MoraineError} `corrupt` or `permission` if it cannot be read, now or ever */
async function loadInput(
  { stores, maintenance }: DispatcherDeps,
  { processId, taskId }: Task,
  { attempt }: Assignment,
  access: string,
): Promise<string> {
  const stored = must(await stores.tasks.findInput(processId, taskId), `input of task ${processId}/${taskId}`)
  return maintenance.attemptInput(stored, { processId, taskId, attempt }, access)
}

async function deliver({ stores, clock }: DispatcherDeps, task: AssignedTask, waiter: Waiter): Promise<void> {
  const { processId, taskId, assignment, input } = task
  if (!waiter.gone) return waiter.resolve({ processId, taskId, assignment, input })
  // The thread went away while the task was assigned to it.
  const assigned = await stores.tasks.findTask(processId, taskId)
  if (assigned?.state.status === 'scheduled' && assigned.state.assignment.attempt === assignment.attempt) {
    await stores.state.apply(resetTask(assigned, 'the polling thread went away', clock.now()))
  }
}

function countOf(ids: readonly ProcessId[]): ReadonlyMap<ProcessId, number> {
  const counts = new Map<ProcessId, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}
