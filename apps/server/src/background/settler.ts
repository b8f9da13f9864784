import type { ProcessId } from '@moraine/lifecycle/identity'
import type { OptimizingProcess } from '@moraine/management/optimizing/optimizing-process'
import { unwantedProcess } from '@moraine/management/optimizing/unwanted-process'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { settleOpenProcess } from '../optimizing/settle-open-process.ts'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const OPEN_MAX = 10_000

export type SettlerDeps = {
  readonly stores: Pick<Stores, 'state' | 'processes' | 'tables' | 'tasks'>
  readonly clock: Clock
  readonly log: Log
}

/** Moves executing processes on when their tasks have ended, and ends those that their tables do not want any more. */
export function settler({ stores, clock, log }: SettlerDeps): Reconciler<ProcessId> {
  return reconciler({
    name: 'settler',
    intervalMs: 10_000,
    clock,
    log,
    async run({ all, keys }) {
      const executing = all ? await stores.processes.listOpenProcesses('executing', OPEN_MAX) : []
      const unwanted = await findUnwanted(stores, executing)
      const candidates = [...new Set([...keys, ...executing.map(({ processId }) => processId)])]
      const counts = await stores.tasks.countTasks(candidates)
      for (const processId of candidates) {
        const count = counts.get(processId)
        const running = count !== undefined && count.planned + count.scheduled + count.acked > 0
        if (!running || count.failed > 0 || unwanted.has(processId)) await settleOpenProcess(stores, clock, processId)
      }
      return {}
    },
  })
}

async function findUnwanted(
  { tables }: SettlerDeps['stores'],
  executing: readonly OptimizingProcess[],
): Promise<ReadonlySet<ProcessId>> {
  if (executing.length === 0) return new Set()
  const pointed = await tables.listPointed(executing.map(({ tableId }) => tableId))
  const byId = new Map(pointed.map(({ table }) => [table.tableId, table]))
  const unwanted = executing.filter((process) => {
    const table = byId.get(process.tableId)
    return table !== undefined && unwantedProcess(table, process) !== undefined
  })
  return new Set(unwanted.map(({ processId }) => processId))
}
