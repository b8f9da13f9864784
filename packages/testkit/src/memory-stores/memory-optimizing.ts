import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import { ASSIGNED_TASK } from '@moraine/lifecycle/task-status'
import { hasStatus } from '@moraine/lifecycle/transition-table'
import type { Discard } from '@moraine/management/records/discard'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { OptimizingProcess } from '@moraine/management/records/optimizing-process'
import type {
  DispatchableProcess,
  GroupTaskCount,
  ProcessQuery,
  TaskCounts,
} from '@moraine/management/records/process-store'
import { NO_TASKS } from '@moraine/management/records/process-store'
import type { Attempt, Task } from '@moraine/management/records/task'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'
import type { MemoryProcess, MemoryState } from './memory-state.ts'

export function memoryOptimizing(state: MemoryState): Pick<Stores, 'processes' | 'tasks' | 'discards'> {
  return { processes: memoryProcesses(state), tasks: memoryTasks(state), discards: memoryDiscards(state) }
}

function memoryProcesses({ processes, discards }: MemoryState): Stores['processes'] {
  const all = () => [...processes.values()].map(({ process }) => process).sort(byId)
  return {
    async findProcess(processId) {
      return processes.get(processId)?.process
    },
    async findPlan(processId) {
      return processes.get(processId)?.plan
    },
    async listProcesses(query) {
      const found = all()
        .reverse()
        .filter((process) => matches(process, query))
      return { processes: found.slice(query.offset, query.offset + query.limit), total: found.length }
    },
    async listOpenProcesses({ status, after, limit }) {
      return all()
        .filter(({ processId, state }) => state.status === status && (after === undefined || processId > after))
        .slice(0, limit)
    },
    async listFinished(before, limit) {
      const needed = new Set([...discards.values()].map(({ processId }) => processId))
      return all()
        .filter(({ processId }) => !needed.has(processId))
        .filter(({ state }) => 'endedAt' in state && state.endedAt < before)
        .slice(0, limit)
        .map(({ processId }) => processId)
    },
  }
}

function memoryTasks({ processes, tables }: MemoryState): Stores['tasks'] {
  const slot = (processId: ProcessId, taskId: number) => processes.get(processId)?.tasks[taskId - 1]
  const tasksOf = (entry: MemoryProcess | undefined) => entry?.tasks.map(({ task }) => task) ?? []
  const open = () => [...processes.values()].filter(({ process }) => process.state.status === 'executing')
  return {
    async findTask(processId, taskId) {
      return slot(processId, taskId)?.task
    },
    async listTasks(processId) {
      return tasksOf(processes.get(processId))
    },
    async pageTasks(processId, { offset, limit }) {
      return tasksOf(processes.get(processId)).slice(offset, offset + limit)
    },
    async countTasks(processIds) {
      return new Map(processIds.map((processId) => [processId, countTasks(tasksOf(processes.get(processId)))]))
    },
    async listPlanned(processId, limit) {
      return tasksOf(processes.get(processId))
        .filter((task) => task.state.status === 'planned')
        .slice(0, limit)
    },
    async listAssigned({ optimizerId, processId: ofProcess } = {}) {
      return [...processes.values()]
        .flatMap(tasksOf)
        .filter(
          ({ processId, state }) =>
            hasStatus(state, ASSIGNED_TASK) &&
            (optimizerId ?? state.assignment.optimizerId) === state.assignment.optimizerId &&
            (ofProcess ?? processId) === processId,
        )
        .sort((a, b) => (a.processId === b.processId ? a.taskId - b.taskId : a.processId < b.processId ? -1 : 1))
    },
    async findInput(processId, taskId) {
      return slot(processId, taskId)?.input
    },
    async findOutput(processId, taskId) {
      return slot(processId, taskId)?.output
    },
    async listDispatchable(group) {
      const running = runningByTable([...processes.values()].flatMap(tasksOf))
      return open()
        .filter(({ process }) => process.group === group)
        .flatMap((entry) => dispatchable(entry, tables.get(entry.process.tableId), running))
        .filter(({ plannedTasks }) => plannedTasks > 0)
        .sort((a, b) => (a.processId < b.processId ? -1 : 1))
    },
    async sumAttemptTime(since, now) {
      const sums = new Map<TableId, number>()
      for (const attempt of [...processes.values()].flatMap(({ attempts }) => [...attempts.values()])) {
        const ms = (attempt.end?.endedAt ?? now) - Math.max(attempt.scheduledAt, since)
        if (ms > 0) sums.set(attempt.tableId, (sums.get(attempt.tableId) ?? 0) + ms)
      }
      return sums
    },
    async listAttempts(processId, taskIds) {
      return [...(processes.get(processId)?.attempts.values() ?? [])]
        .filter(({ taskId }) => taskIds.includes(taskId))
        .sort((a: Attempt, b: Attempt) => a.taskId - b.taskId || a.attempt - b.attempt)
    },
    async countGroupTasks() {
      const counts = new Map<string, GroupTaskCount>()
      for (const entry of open()) {
        for (const { state } of tasksOf(entry)) {
          const key = JSON.stringify([entry.process.group, state.status])
          const before = counts.get(key)?.tasks ?? 0
          counts.set(key, { group: entry.process.group, status: state.status, tasks: before + 1 })
        }
      }
      return [...counts.values()]
    },
  }
}

function memoryDiscards({ discards }: MemoryState): Stores['discards'] {
  return {
    async pageDiscards({ tableId, offset, limit }) {
      const found = [...discards.values()].filter((each) => tableId === undefined || each.tableId === tableId)
      return { discards: found.sort(byKey).slice(offset, offset + limit), total: found.length }
    },
    async listDueDiscards({ from = 0, until }, limit) {
      return [...discards.values()]
        .filter(({ dueAt }) => dueAt >= from && dueAt <= until)
        .sort(byDueTime)
        .slice(0, limit)
    },
  }
}

function byDueTime(a: Discard, b: Discard): number {
  return a.dueAt - b.dueAt || byKey(a, b)
}

function byKey(a: Discard, b: Discard): number {
  const order = a.processId === b.processId ? 0 : a.processId < b.processId ? -1 : 1
  return order || a.taskId - b.taskId || a.attempt - b.attempt
}

function dispatchable(
  entry: MemoryProcess,
  table: ManagedTable | undefined,
  running: ReadonlyMap<TableId, number>,
): readonly DispatchableProcess[] {
  if (table === undefined) return []
  const { processId, tableId, quota, isRequested } = entry.process
  const times = [...entry.attempts.values()].map(({ scheduledAt }) => scheduledAt)
  const process: DispatchableProcess = {
    processId,
    tableId,
    quota,
    isRequested,
    catalog: table.name.catalog,
    settings: table.settings,
    pause: table.pause,
    plannedTasks: entry.tasks.filter(({ task }) => task.state.status === 'planned').length,
    runningTasks: running.get(tableId) ?? 0,
    lastAssignedAt: Math.max(0, ...times) as EpochMs,
  }
  return [process]
}

function runningByTable(tasks: readonly Task[]): ReadonlyMap<TableId, number> {
  const running = new Map<TableId, number>()
  for (const { tableId, state } of tasks) {
    if (hasStatus(state, ASSIGNED_TASK)) running.set(tableId, (running.get(tableId) ?? 0) + 1)
  }
  return running
}

function countTasks(tasks: readonly Task[]): TaskCounts {
  const counts = { ...NO_TASKS }
  for (const { state } of tasks) counts[state.status] += 1
  return counts
}

function matches({ tableId, state, type }: OptimizingProcess, query: ProcessQuery): boolean {
  return (
    tableId === query.tableId &&
    (query.statuses === undefined || query.statuses.includes(state.status)) &&
    (query.type === undefined || query.type === type)
  )
}

function byId(a: OptimizingProcess, b: OptimizingProcess): number {
  return a.processId < b.processId ? -1 : 1
}
