import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { EpochMs } from '@moraine/stdx/brand'

/** What a person wants optimized now. */
export type OptimizeRequest = {
  readonly type: 'auto' | OptimizingType
  /** A filter in the words of `self-optimizing.filter`; absent for the whole table. */
  readonly filter?: string
  readonly requestedAt: EpochMs
}

/** Whether a plan that has nothing to do says that nothing is due in the table: not one that looked for less than that. */
export function looksForAll({ type, filter }: OptimizeRequest): boolean {
  return (type === 'auto' || type === 'full') && filter === undefined
}
