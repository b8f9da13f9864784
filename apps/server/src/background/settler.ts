import type { ProcessId } from '@moraine/lifecycle/identity'
import { unwantedProcess } from '@moraine/management/optimizing/unwanted-process'
import type { OptimizingProcess } from '@moraine/management/records/optimizing-process'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { openProcesses } from '../changes/open-processes.ts'
import { settleOpenProcess } from '../changes/settle-open-process.ts'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

export type SettlerDeps = {
  readonly stores: Pick<Stores, 'state' | 'processes' | 'tables' | 'tasks'>
  readonly clock: Clock
  readonly log: Log
}

/** Moves executing processes on when their tasks have ended, and ends those that their tables do not want any more. */
export function settler(deps: SettlerDeps): Reconciler<ProcessId> {
  const { clock, log } = deps
  return reconciler({
    name: 'settler',
    intervalMs: 10_000,
    clock,
    log,
    async run({ all, keys }) {
      await settleAll(deps, [...keys], new Set())
      if (!all) return {}
      for await (const executing of openProcesses(deps.stores.processes, 'executing')) {
        const processIds = executing.map(({ processId }) => processId)
        await settleAll(deps, processIds, await findUnwanted(deps.stores, executing))
      }
      return {}
    },
  })
}

/** Those of which no task is open, or one has failed, or that are not wanted. */
async function settleAll(
  { stores, clock }: SettlerDeps,
  processIds: readonly ProcessId[],
  unwanted: ReadonlySet<ProcessId>,
): Promise<void> {
  const counts = await stores.tasks.countTasks(processIds)
  for (const processId of processIds) {
    const count = counts.get(processId)
    const running = count !== undefined && count.planned + count.scheduled + count.acked > 0
    if (!running || count.failed > 0 || unwanted.has(processId)) await settleOpenProcess(stores, clock, processId)
  }
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
