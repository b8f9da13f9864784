import type { EpochMs } from '@moraine/stdx/brand'
import type { GroupAllocation } from '../records/group-allocation.ts'
import type { AllocationDecision } from './decide-allocation.ts'

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
