import type { DeadlineSettings } from '@moraine/management/resources/deadlines'
import type { RefreshLimits } from '@moraine/management/tables/refresh-delay'

/** What whoever plans, hands out, settles and commits is told. */
export type OptimizingSettings = {
  readonly deadlines: DeadlineSettings
  readonly refresh: RefreshLimits & { readonly parallelism: number }
  readonly planningParallelism: number
  readonly commitParallelism: number
  readonly pollTimeoutMs: number
  readonly breaksQuota: boolean
  readonly exploreIntervalMs: number
  readonly history: { readonly keepMs: number; readonly intervalMs: number; readonly reportKeepMs: number }
}
