import type { EpochMs } from '@moraine/stdx/brand'
import { humanDuration } from '@moraine/stdx/human-text'
import type { ManagedTable } from '../records/managed-table.ts'
import type { OptimizingProcess } from '../records/optimizing-process.ts'
import type { OpenProcess } from './end-process.ts'

/** After so long without a thread a plan gives way to one of the table as it is by then. */
export const STALE_PLAN_MS = 6 * 3_600_000

/** Whether the plan is old and the table has changed since; whether anybody works by it is not asked. */
export function mayBeStale(table: ManagedTable, process: OptimizingProcess, now: EpochMs): boolean {
  if (now - process.createdAt < STALE_PLAN_MS) return false
  return table.evaluation !== undefined && table.evaluation.metadataLocation !== process.metadataLocation
}

/** Why a plan is better made anew; `undefined` if it is not: some of its work has been done, or the table is as it was. */
export function stalePlan({ table, process, tasks }: OpenProcess, now: EpochMs): string | undefined {
  const isUntouched = tasks.every(({ state }) => state.status === 'planned' && state.attempts === 0)
  if (!isUntouched || !mayBeStale(table, process, now)) return undefined
  return `no thread took a task of it within ${humanDuration(STALE_PLAN_MS)}, and the table has changed since it was planned; it is planned anew`
}
