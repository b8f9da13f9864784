import type { ProcessId } from '@moraine/lifecycle/identity'
import { settleProcess } from '@moraine/management/optimizing/settle-process'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { applyDecision } from '../optimizing/apply-decision.ts'
import { loadOpenProcess } from '../optimizing/load-open-process.ts'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const OPEN_MAX = 10_000

export type SettlerDeps = {
  readonly stores: Pick<Stores, 'state' | 'processes' | 'tables' | 'tasks'>
  readonly clock: Clock
  readonly log: Log
}

/** Moves executing processes on when their tasks have ended. */
export function settler({ stores, clock, log }: SettlerDeps): Reconciler<ProcessId> {
  const settle = (processId: ProcessId) =>
    applyDecision(stores.state, `process ${processId}`, async () => {
      const open = await loadOpenProcess(stores, processId)
      return { changes: open === undefined ? [] : settleProcess(open, clock.now()) }
    })
  return reconciler({
    name: 'settler',
    intervalMs: 10_000,
    clock,
    log,
    async run({ all, keys }) {
      const executing = all ? await stores.processes.listOpenProcesses('executing', OPEN_MAX) : []
      const candidates = [...new Set([...keys, ...executing.map(({ processId }) => processId)])]
      const counts = await stores.tasks.countTasks(candidates)
      for (const processId of candidates) {
        const count = counts.get(processId)
        const running = count !== undefined && count.planned + count.scheduled + count.acked > 0
        if (!running || count.failed > 0) await settle(processId)
      }
      return {}
    },
  })
}
