import type { ProcessId, TaskId } from '@moraine/lifecycle/identity'
import type { Assignment } from '@moraine/lifecycle/task-status'
import type { Slot } from '@moraine/management/optimizing/assign-task'
import type { Clock } from '@moraine/stdx/clock'

/** A task as its thread receives it. */
export type AssignedTask = {
  readonly processId: ProcessId
  readonly taskId: TaskId
  readonly assignment: Assignment
  readonly input: string
}

export type Waiter = { readonly slot: Slot; resolve(task: AssignedTask | undefined): void; gone: boolean }

/** The threads that wait for a task. */
export type WaitingThreads = {
  byGroup(): ReadonlyMap<string, Set<Waiter>>
  /** Comes with the task, or with none when `waitMs` have passed or the signal aborts. */
  wait(slot: Slot, group: string, waitMs: number, signal: AbortSignal): Promise<AssignedTask | undefined>
  dismissAll(): void
}

// A reason of its own spares the making of an exception for every poll.
const ENDED = new Error('ended')

export function waitingThreads(clock: Pick<Clock, 'sleep'>): WaitingThreads {
  const groups = new Map<string, Set<Waiter>>()
  return {
    byGroup: () => groups,
    wait(slot, group, waitMs, signal) {
      const waiters = groups.get(group) ?? new Set()
      groups.set(group, waiters)
      replaceWaiter(waiters, slot)
      const ended = new AbortController()
      return new Promise((resolve) => {
        const waiter: Waiter = {
          slot,
          gone: false,
          resolve(assigned) {
            waiter.gone = true
            waiters.delete(waiter)
            ended.abort(ENDED)
            resolve(assigned)
          },
        }
        waiters.add(waiter)
        signal.addEventListener('abort', () => waiter.resolve(undefined), { once: true, signal: ended.signal })
        clock.sleep(waitMs, ended.signal).then(
          () => waiter.resolve(undefined),
          () => undefined,
        )
      })
    },
    dismissAll() {
      for (const waiters of groups.values()) for (const waiter of [...waiters]) waiter.resolve(undefined)
    },
  }
}

/** A thread that asks again has given up its earlier question. */
function replaceWaiter(waiters: Set<Waiter>, slot: Slot): void {
  for (const waiter of [...waiters]) {
    if (waiter.slot.optimizerId === slot.optimizerId && waiter.slot.threadId === slot.threadId) {
      waiter.resolve(undefined)
    }
  }
}
