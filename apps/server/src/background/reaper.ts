import { resetTask } from '@moraine/management/optimizing/give-up-attempt'
import { type DeadlineSettings, decideDeadlines, endOptimizer } from '@moraine/management/resources/deadlines'
import { lookAgain, type Reachability } from '@moraine/management/resources/reachability'
import type { Stores } from '@moraine/management/store/stores'
import type { EpochMs } from '@moraine/stdx/brand'
import { type Clock, momentOf } from '@moraine/stdx/clock'
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

const INTERVAL_MS = 30_000
/** So much later than that a look comes on a busy machine. */
const LATE_MS = 10_000

/** Ends silent optimizers and takes back tasks whose deadline has passed; sleeps until the next deadline. */
export function reaper(deps: ReaperDeps): Reconciler<never> {
  const { stores, settings, clock, log } = deps
  let reach: Reachability = {
    ...{ since: deps.serviceStartedAt, looked: momentOf(clock), hasFailed: false, mayRenew: true },
  }
  return reconciler({
    name: 'reaper',
    intervalMs: INTERVAL_MS,
    clock,
    log,
    async run() {
      const { optimizers, assigned } = await load(deps).catch((error: unknown) => {
        reach = { ...reach, hasFailed: true }
        throw error
      })
      const moment = momentOf(clock)
      const { now } = moment
      reach = lookAgain(reach, moment, INTERVAL_MS + LATE_MS)
      const decision = decideDeadlines({ optimizers, assigned, settings, serviceStartedAt: reach.since, now })
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

async function load({ stores }: ReaperDeps) {
  return {
    optimizers: await stores.optimizers.listLiveOptimizers(),
    assigned: await stores.tasks.listAssigned(),
  }
}
