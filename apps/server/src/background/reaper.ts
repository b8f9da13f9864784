import { resetTask } from '@moraine/management/optimizing/give-up-attempt'
import { type DeadlineSettings, decideDeadlines, endOptimizer } from '@moraine/management/resources/deadlines'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

export type ReaperDeps = {
  readonly stores: Pick<Stores, 'state' | 'optimizers' | 'tasks'>
  readonly settings: DeadlineSettings
  /** No deadline runs from before this moment. */
  readonly serviceStartedAt: EpochMs
  readonly clock: Clock
  readonly log: Log
}

/** Ends silent optimizers and takes back tasks whose deadline has passed; sleeps until the next deadline. */
export function reaper({ stores, settings, serviceStartedAt, clock, log }: ReaperDeps): Reconciler<never> {
  return reconciler({
    name: 'reaper',
    intervalMs: 30_000,
    clock,
    log,
    async run() {
      const now = clock.now()
      const optimizers = await stores.optimizers.listLiveOptimizers()
      const assigned = await stores.tasks.listAssigned()
      const decision = decideDeadlines({ optimizers, assigned, settings, serviceStartedAt, now })
      for (const optimizer of decision.expired) {
        const reason = `not heard of for ${settings.heartbeatTimeoutMs} ms (optimizer.heart-beat-timeout)`
        const { kind } = await stores.state.apply(endOptimizer(optimizer, reason, now))
        const { optimizerId, group } = optimizer
        if (kind === 'applied') log.warn({ optimizerId, group }, 'an optimizer is lost')
      }
      for (const { task, reason } of decision.overdue) {
        const { kind } = await stores.state.apply(resetTask(task, reason, now))
        const { processId, taskId } = task
        if (kind === 'applied') log.warn({ processId, taskId, reason }, 'a task was taken back')
      }
      return { nextAt: decision.nextAt }
    },
  })
}
