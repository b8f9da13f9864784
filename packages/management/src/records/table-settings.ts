import type { OptimizingPolicy } from '@moraine/maintenance/plan/optimizing-policy'

/** What the service itself needs of a table's `self-optimizing.*` properties; the rest is the planner's business. */
export type TableSettings = Pick<
  OptimizingPolicy,
  | 'enabled'
  | 'allowPartialCommit'
  | 'group'
  | 'quota'
  | 'executeRetries'
  | 'minorIntervalMs'
  | 'minPlanIntervalMs'
  | 'windows'
  | 'blackouts'
  | 'priority'
>

/** The resource group of tables that name none. */
export const DEFAULT_GROUP = 'default'

/** Amoro's defaults: what holds until the table has been read for the first time. */
export const DEFAULT_TABLE_SETTINGS: TableSettings = {
  enabled: true,
  allowPartialCommit: false,
  group: DEFAULT_GROUP,
  quota: 0.5,
  executeRetries: 5,
  minorIntervalMs: 3_600_000,
  minPlanIntervalMs: 60_000,
  windows: '',
  blackouts: '',
  priority: 0,
}
