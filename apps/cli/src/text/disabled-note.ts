import type { OptimizingPolicy } from '@moraine/maintenance/plan/optimizing-policy'

/** That the service leaves a table alone whatever is found; `undefined` if it does not. */
export function disabledNote({ enabled }: Pick<OptimizingPolicy, 'enabled'>): string | undefined {
  return enabled
    ? undefined
    : 'self-optimizing.enabled is false: a service leaves this table alone; `moraine table optimize` works on it all the same.'
}
