import type { ProcessId } from '@moraine/lifecycle/identity'
import { mayBeStale } from '@moraine/management/optimizing/stale-plan'
import { unwantedProcess } from '@moraine/management/optimizing/unwanted-process'
import type { ManagedTable } from '@moraine/management/records/managed-table'
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
      await settleAll(deps, [...keys], NONE)
      if (!all) return {}
      for await (const executing of openProcesses(deps.stores.processes, 'executing')) {
        const processIds = executing.map(({ processId }) => processId)
        await settleAll(deps, processIds, await findUnwanted(deps, executing))
      }
      return {}
    },
  })
}

type Unwanted = {
  readonly processIds: ReadonlySet<ProcessId>
  /** If nobody has begun with them. */
  readonly stale: ReadonlySet<ProcessId>
}

const NONE: Unwanted = { processIds: new Set(), stale: new Set() }

/** Those of which no task is open, or one has failed, or that are not wanted, or stale with all of their tasks. */
async function settleAll(
  { stores, clock }: SettlerDeps,
  processIds: readonly ProcessId[],
  { processIds: unwanted, stale }: Unwanted,
): Promise<void> {
  const counts = await stores.tasks.countTasks(processIds)
  for (const processId of processIds) {
    const count = counts.get(processId)
    const running = count !== undefined && count.planned + count.scheduled + count.acked > 0
    const isStale = running && stale.has(processId) && count.scheduled + count.acked + count.succeeded === 0
    if (!running || count.failed > 0 || isStale || unwanted.has(processId))
      await settleOpenProcess(stores, clock, processId)
  }
}

async function findUnwanted(
  { stores, clock }: SettlerDeps,
  executing: readonly OptimizingProcess[],
): Promise<Unwanted> {
  if (executing.length === 0) return NONE
  const pointed = await stores.tables.listPointed(executing.map(({ tableId }) => tableId))
  const byId = new Map(pointed.map(({ table }) => [table.tableId, table]))
  const those = (isSuch: (table: ManagedTable, process: OptimizingProcess) => boolean) => {
    const found = executing.filter((process) => {
      const table = byId.get(process.tableId)
      return table !== undefined && isSuch(table, process)
    })
    return new Set(found.map(({ processId }) => processId))
  }
  return {
    processIds: those((table, process) => unwantedProcess(table, process) !== undefined),
    stale: those((table, process) => mayBeStale(table, process, clock.now())),
  }
}
