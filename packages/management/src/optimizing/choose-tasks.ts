import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import type { DispatchableProcess } from '../records/process-store.ts'
import { quotaThreads } from './quota.ts'

export type ChooseTasksInput = {
  readonly processes: readonly DispatchableProcess[]
  /** Idle threads that wait for a task. */
  readonly idleThreads: number
  readonly groupThreads: number
  /**
   * Whether threads that would stay idle may go to tables beyond their quota
   * (`self-optimizing.break-quota-limit-enabled`, and no other table of the group waits to be planned).
   */
  readonly mayBreakQuota: boolean
}

/**
 * From which process each idle thread takes its next task: what a person asked for first, then those of a higher priority, among equals round robin, the
 * one served longest ago first, each within the quota of its table. One entry per thread that gets a task; a process may
 * appear more than once.
 */
export function chooseTasks(input: ChooseTasksInput): readonly ProcessId[] {
  const queue = [...input.processes].sort(
    (a, b) => a.lastAssignedAt - b.lastAssignedAt || (a.processId < b.processId ? -1 : 1),
  )
  const rings = [...Map.groupBy(queue, rankOf)].sort(([a], [b]) => b - a)
  const left = new Map(queue.map((process) => [process.processId, process.plannedTasks]))
  const running = new Map<TableId, number>(queue.map((process) => [process.tableId, process.runningTasks]))
  const chosen: ProcessId[] = []
  const takeRound = (ring: readonly DispatchableProcess[], withinQuota: boolean): boolean => {
    let took = false
    for (const process of ring) {
      if (chosen.length === input.idleThreads) return false
      const planned = left.get(process.processId) ?? 0
      const threads = running.get(process.tableId) ?? 0
      if (planned === 0 || (withinQuota && threads >= quotaThreads(process.quota, input.groupThreads))) continue
      left.set(process.processId, planned - 1)
      running.set(process.tableId, threads + 1)
      chosen.push(process.processId)
      took = true
    }
    return took
  }
  for (const [, ring] of rings) while (takeRound(ring, true));
  if (input.mayBreakQuota) for (const [, ring] of rings) while (takeRound(ring, false));
  return chosen
}

function rankOf({ isRequested, settings }: DispatchableProcess): number {
  return isRequested ? Number.POSITIVE_INFINITY : settings.priority
}
