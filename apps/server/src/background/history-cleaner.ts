import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { deposed } from '../changes/apply-decision.ts'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const BATCH = 100
const GONE_KEEP_MS = 24 * 3_600_000

export type HistoryCleanerDeps = {
  readonly stores: Pick<Stores, 'state' | 'processes' | 'optimizers' | 'resources' | 'answers' | 'reports'>
  /** `self-optimizing.runtime-data-keep-time` and `.runtime-data-expire-interval` */
  readonly keepMs: number
  readonly intervalMs: number
  /** `iceberg-rest.metrics-report-keep-time` */
  readonly reportKeepMs: number
  readonly clock: Clock
  readonly log: Log
}

/** Removes processes that ended long ago, with all that is theirs, optimizers and resources that are gone, answers
 * that nobody may ask for again, and reports of engines. */
export function historyCleaner({
  stores,
  keepMs,
  intervalMs,
  reportKeepMs,
  clock,
  log,
}: HistoryCleanerDeps): Reconciler<never> {
  const remove = async (changes: readonly StateChange[]) => {
    if (changes.length > 0 && (await stores.state.apply(changes)).kind === 'deposed')
      throw deposed('the history cleaner')
  }
  return reconciler({
    name: 'history cleaner',
    intervalMs,
    clock,
    log,
    async run(_work, signal) {
      while (!signal.aborted) {
        const finished = await stores.processes.listFinished(later(clock.now(), -keepMs), BATCH)
        // One transaction each: a process may have thousands of tasks.
        for (const processId of finished) await remove([{ kind: 'remove-process', processId }])
        if (finished.length < BATCH) break
      }
      const goneBefore = later(clock.now(), -GONE_KEEP_MS)
      while (!signal.aborted) {
        const gone = await stores.optimizers.listGone(goneBefore, BATCH)
        await remove(gone.map((optimizerId) => ({ kind: 'remove-optimizer', optimizerId })))
        if (gone.length < BATCH) break
      }
      while (!signal.aborted) {
        const ended = await stores.resources.listEnded(goneBefore, BATCH)
        await remove(ended.map((resourceId) => ({ kind: 'remove-resource', resourceId })))
        if (ended.length < BATCH) break
      }
      while (!signal.aborted && (await stores.answers.removeExpired(clock.now(), BATCH)) === BATCH);
      const reportsBefore = later(clock.now(), -reportKeepMs)
      while (!signal.aborted && (await stores.reports.removeReports(reportsBefore, BATCH)) === BATCH);
      return {}
    },
  })
}
