import type { TableSettings } from '../records/table-settings.ts'

export type RefreshLimits = {
  /** `refresh-tables.interval` */
  readonly shortestMs: number
  readonly longestMs: number
  readonly stepMs: number
}

/** How a look at a table ended, as far as the next one depends on it. */
export type RefreshOutcome = 'changed' | 'unchanged' | 'failed'

/**
 * When to look again: a table that changes is looked at as often as allowed, one at rest ever less often (additive
 * increase, halving), one that cannot be read with doubling pauses.
 */
export function nextRefreshDelay(
  previousMs: number | undefined,
  outcome: RefreshOutcome,
  settings: TableSettings,
  limits: RefreshLimits,
): number {
  const byTrigger = settings.minorIntervalMs > 0 ? (settings.minorIntervalMs * 4) / 5 : limits.shortestMs
  const shortest = Math.min(limits.shortestMs, byTrigger)
  const longest = Math.max(shortest, limits.longestMs)
  if (previousMs === undefined) return shortest
  const previous = Math.min(Math.max(previousMs, shortest), longest)
  switch (outcome) {
    case 'changed':
      return Math.max(previous / 2, shortest)
    case 'unchanged':
      return Math.min(previous + limits.stepMs, longest)
    case 'failed':
      return Math.min(previous * 2, longest)
  }
}
