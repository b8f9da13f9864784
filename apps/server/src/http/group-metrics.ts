import type { TablePhase } from '@moraine/lifecycle/table-phase'
import { ASSIGNED_TASK } from '@moraine/lifecycle/task-status'
import { activeThreads } from '@moraine/management/records/optimizer'
import type { Stores } from '@moraine/management/store/stores'
import type { Registry } from 'prom-client'
import { gaugesOf, type ReadMetrics } from './read-metrics.ts'

export type GroupMetricsDeps = { readonly stores: Pick<Stores, 'tables' | 'tasks' | 'optimizers' | 'groups'> }

const PHASE_NAMES = {
  idle: 'idle',
  pending: 'pending',
  // Amoro's spelling.
  planning: 'planing',
  executing: 'executing',
  committing: 'committing',
} as const satisfies Record<TablePhase, string>

/** Tables, tasks and optimizers of each resource group; what allocation is judged by is in `allocationMetrics`. */
export function groupMetrics(registry: Registry, { stores }: GroupMetricsDeps): ReadMetrics {
  const { gauge, reset } = gaugesOf(registry, ['group'])
  const tables = Object.fromEntries(
    Object.entries(PHASE_NAMES).map(([phase, name]) => [
      phase,
      gauge(`amoro_optimizer_group_${name}_tables`, `Tables of the group in phase ${phase}`),
    ]),
  )
  const pendingTasks = gauge('amoro_optimizer_group_pending_tasks', 'Tasks that no thread has taken')
  const executingTasks = gauge('amoro_optimizer_group_executing_tasks', 'Tasks that are with a thread')
  const instances = gauge('amoro_optimizer_group_optimizer_instances', 'Optimizers that are alive')
  const memory = gauge(
    'amoro_optimizer_group_memory_bytes_allocated',
    'Memory of these optimizers, all threads together',
  )
  const threads = gauge('amoro_optimizer_group_threads', 'Threads that may be given tasks')
  return async () => {
    reset()
    const counts = await stores.tables.countPhases()
    const tasks = await stores.tasks.countGroupTasks()
    const live = await stores.optimizers.listLiveOptimizers()
    for (const { name: group } of await stores.groups.listGroups()) {
      const own = live.filter((optimizer) => optimizer.group === group)
      const tasksIn = (...statuses: readonly string[]) =>
        tasks.reduce((sum, each) => sum + (each.group === group && statuses.includes(each.status) ? each.tasks : 0), 0)
      for (const [phase, phaseGauge] of Object.entries(tables)) {
        const found = counts.find((count) => count.group === group && count.phase === phase)
        phaseGauge.set({ group }, found?.tables ?? 0)
      }
      pendingTasks.set({ group }, tasksIn('planned'))
      executingTasks.set({ group }, tasksIn(...ASSIGNED_TASK))
      instances.set({ group }, own.length)
      memory.set({ group }, own.reduce((sum, { memoryMb }) => sum + memoryMb, 0) * 1024 * 1024)
      threads.set({ group }, activeThreads(own))
    }
  }
}
