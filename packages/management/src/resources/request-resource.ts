import type { ResourceId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import type { Resource } from '../records/resource.ts'
import type { ResourceGroup } from '../records/resource-group.ts'
import type { StateChange } from '../store/state-change.ts'
import { threadMemoryMb } from './thread-memory.ts'

export type ResourceRequest = {
  readonly resourceId: ResourceId
  readonly group: ResourceGroup
  readonly threads: number
  /** Who wants it, and why. */
  readonly reason: string
}

/** Of one optimizer. */
const RESOURCE_THREADS_MAX = 1024

/**
 * One more optimizer for a group. Whether its container can launch any is for the caller to know.
 *
 * @throws {MoraineError} `invalid-input` naming the threads, or the memory of the group, that cannot be
 */
export function requestResource(
  { resourceId, group, threads, reason }: ResourceRequest,
  now: EpochMs,
): { readonly resource: Resource; readonly changes: readonly StateChange[] } {
  if (!Number.isInteger(threads) || threads < 1 || threads > RESOURCE_THREADS_MAX) {
    throw new MoraineError('invalid-input', `an optimizer has 1 to ${RESOURCE_THREADS_MAX} threads, not ${threads}`)
  }
  const resource: Resource = {
    resourceId,
    group: group.name,
    container: group.container,
    threads,
    memoryMb: threadMemoryMb(group),
    requestedAt: now,
    reason,
    state: { status: 'requested', attempts: 0, retryAt: now },
  }
  return {
    resource,
    changes: [
      { kind: 'hold-group', group: group.name },
      { kind: 'add-resource', resource },
    ],
  }
}
