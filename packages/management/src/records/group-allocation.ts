import type { EpochMs } from '@moraine/stdx/brand'

/** What was decided last on the optimizers of a group, as every server may tell it. */
export type GroupAllocation = {
  readonly group: string
  readonly verdict: AllocationVerdict
  /** Since when the verdict has been this one, but for its figures. */
  readonly since: EpochMs
  /** How often optimizers were launched, and released, since the group has been allocated dynamically. */
  readonly launches: number
  readonly releases: number
  /** Since when there has been more work than threads. */
  readonly backlogSince?: EpochMs
  readonly launchedAt?: EpochMs
  readonly releasedAt?: EpochMs
}

/** Reads allocations. They change only through `StateStore.apply`. */
export interface AllocationStore {
  findAllocation(group: string): Promise<GroupAllocation | undefined>
  /** In order of group. */
  listAllocations(): Promise<readonly GroupAllocation[]>
}

/**
 * - `launching`, `releasing`: what was just ordered
 * - `backlog`: more work than threads, but not for long enough
 * - `next-step`: optimizers were launched already, more follow if that was not enough
 * - `at-maximum`: more work than threads, and no room for another optimizer
 * - `backing-off`: more are wanted, but the last ones did not come up
 * - `planning-bound`: idle threads and tables that wait to be planned: more threads would not help
 * - `at-minimum`: idle, but no optimizer may be spared
 * - `not-idle-yet`, `cooling-down`: idle, but not for long enough, or too soon after the last release
 * - `enough`: as many threads as there is work
 */
export type AllocationRule =
  | 'launching'
  | 'releasing'
  | 'backlog'
  | 'next-step'
  | 'at-maximum'
  | 'backing-off'
  | 'planning-bound'
  | 'at-minimum'
  | 'not-idle-yet'
  | 'cooling-down'
  | 'enough'

/** The last decision on a group. It names moments and no spans, so that it stays true as time goes by. */
export type AllocationVerdict = {
  readonly rule: AllocationRule
  readonly figures: AllocationFigures
  readonly bounds: AllocationBounds
  /** Since when what the rule names has been so: the backlog, the idleness. */
  readonly since?: EpochMs
  /** When time alone changes it. */
  readonly until?: EpochMs
  /** Optimizers launched or released by it. */
  readonly ordered?: number
  /** What went wrong before, or why it was ordered. */
  readonly reason?: string
}

export type AllocationBounds = {
  readonly minThreads: number
  readonly maxThreads: number
  /** Of each optimizer that is launched. */
  readonly threadsPerOptimizer: number
}

/** The figures that decisions and explanations use. Threads of optimizers that are to go count for none of them but `drainingThreads`. */
export type AllocationFigures = {
  /** Of optimizers that take tasks. */
  readonly registeredThreads: number
  readonly drainingThreads: number
  /** Wanted, and not registered yet. */
  readonly comingThreads: number
  /** Wanted so long ago that they are not reckoned with any more; they may still come. */
  readonly overdueThreads: number
  readonly busyThreads: number
  /** Planned tasks that more threads could work on. */
  readonly serviceableTasks: number
  readonly pendingTables: number
  readonly optimizers: number
  readonly idleOptimizers: number
  readonly leavingOptimizers: number
}
