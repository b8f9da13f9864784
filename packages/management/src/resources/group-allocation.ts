import type { EpochMs } from '@moraine/stdx/brand'
import type { AllocationVerdict } from './allocation-verdict.ts'
import type { AllocationDecision } from './decide-allocation.ts'

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

/** The record after a decision; the one before where nothing has changed that it tells. */
export function recordAllocation(
  group: string,
  { launch, release, memory, verdict }: AllocationDecision,
  before: GroupAllocation | undefined,
  now: EpochMs,
): GroupAllocation {
  const { backlogSince } = memory
  const launchedAt = launch === undefined ? before?.launchedAt : now
  const releasedAt = release === undefined ? before?.releasedAt : now
  const after: GroupAllocation = {
    group,
    verdict,
    since: before?.verdict.rule === verdict.rule ? before.since : now,
    launches: (before?.launches ?? 0) + (launch === undefined ? 0 : 1),
    releases: (before?.releases ?? 0) + (release === undefined ? 0 : 1),
    ...(backlogSince !== undefined && { backlogSince }),
    ...(launchedAt !== undefined && { launchedAt }),
    ...(releasedAt !== undefined && { releasedAt }),
  }
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after) ? before : after
}
