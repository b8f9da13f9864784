import type { MetricsReport } from '@moraine/management/catalogs/metrics-report'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import type { Log } from '../service/log.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const INTERVAL_MS = 1000
const BATCH = 200
/** Characters: some minutes of a busy service; more is not held in memory for a database that is away. */
const WAITING_MAX = 16 * 1024 * 1024

export type ReportKeeper = Reconciler<never> & {
  /** The report is stored within a second or so, and lost if the process dies before. */
  keep(report: MetricsReport): void
}

/** Stores what engines report, many at a time: a commit should not wait for two entries in the log of the database. */
export function reportKeeper({
  stores,
  clock,
  log,
}: {
  readonly stores: Pick<Stores, 'reports'>
  readonly clock: Clock
  readonly log: Log
}): ReportKeeper {
  const waiting: MetricsReport[] = []
  let length = 0
  let dropped = 0
  const flush = async () => {
    if (dropped > 0) log.warn({ dropped }, 'metrics reports came faster than they were stored, and were dropped')
    dropped = 0
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH)
      await stores.reports.addReports(batch)
      for (const { report } of waiting.splice(0, batch.length)) length -= report.length
    }
  }
  const keeper = reconciler<never>({
    name: 'report keeper',
    intervalMs: INTERVAL_MS,
    clock,
    log,
    async run() {
      await flush()
      return {}
    },
    drain: flush,
  })
  return {
    ...keeper,
    keep(report) {
      if (length + report.report.length > WAITING_MAX) {
        dropped += 1
        return
      }
      waiting.push(report)
      length += report.report.length
    },
  }
}
