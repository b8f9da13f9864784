import type { ResourceState } from '@moraine/lifecycle/resource-status'
import { unreachable } from '@moraine/stdx/assert'
import { dueTime, type EpochMs, later } from '@moraine/stdx/brand'
import type { Resource } from '../records/resource.ts'
import { boundedReason } from '../records/task.ts'
import { resourceGuard, type StateChange } from '../store/state-change.ts'

/** How often a container is asked for the same optimizer in vain. */
export const LAUNCH_TRIES_MAX = 6

const LAUNCH_RETRY = { firstMs: 1000, longestMs: 30_000 }
const RELEASE_RETRY = { firstMs: 1000, longestMs: 5 * 60_000 }

/**
 * It is wanted no more: one that was never launched ends at once, another ends its tasks first. Nothing for one that goes
 * already.
 */
export function releaseResource(resource: Resource, reason: string, now: EpochMs): readonly StateChange[] {
  const { state } = resource
  if (state.status === 'requested') return endResource(resource, { reason, isFailure: false }, now)
  return state.status === 'launched' ? beginRelease(resource, { reason, isFailure: false }, now) : []
}

type End = { readonly reason: string; readonly isFailure: boolean }

export function beginRelease(resource: Resource, { reason, isFailure }: End, now: EpochMs): readonly StateChange[] {
  const { state } = resource
  if (state.status !== 'launched') return []
  const { launchedAt } = state
  return move(resource, {
    status: 'releasing',
    launchedAt,
    releasingAt: now,
    reason: boundedReason(reason),
    isFailure,
    attempts: 0,
    retryAt: now,
  })
}

/** Nobody waits for anything any more. */
export function endResource(resource: Resource, { reason, isFailure }: End, now: EpochMs): readonly StateChange[] {
  const { state } = resource
  if (state.status === 'ended') return []
  const launchedAt = state.status === 'requested' ? undefined : state.launchedAt
  return move(resource, { status: 'ended', launchedAt, endedAt: now, reason: boundedReason(reason), isFailure })
}

/** Its container has taken the order to launch it, or to let it go. */
export function orderTaken(resource: Resource, now: EpochMs): readonly StateChange[] {
  const { state } = resource
  if (state.status === 'requested') return move(resource, { status: 'launched', launchedAt: now })
  return state.status === 'releasing' ? endResource(resource, state, now) : []
}

/**
 * Its container has not. It is asked again, ever later: to launch it a few times, to let it go for ever.
 *
 * @param isHopeless the same order can never be taken
 */
export function orderRefused(
  resource: Resource,
  { failure: text, isHopeless }: { readonly failure: string; readonly isHopeless: boolean },
  now: EpochMs,
): readonly StateChange[] {
  const { state } = resource
  const failure = boundedReason(text)
  switch (state.status) {
    case 'requested': {
      const attempts = state.attempts + 1
      if (isHopeless) return endResource(resource, { reason: failure, isFailure: true }, now)
      if (attempts < LAUNCH_TRIES_MAX) {
        return move(resource, { ...state, attempts, retryAt: later(now, pauseMs(LAUNCH_RETRY, attempts)), failure })
      }
      const reason = `its container did not launch it in ${attempts} tries: ${failure}`
      return endResource(resource, { reason, isFailure: true }, now)
    }
    case 'releasing': {
      const attempts = state.attempts + 1
      return move(resource, { ...state, attempts, retryAt: later(now, pauseMs(RELEASE_RETRY, attempts)), failure })
    }
    case 'launched':
    case 'ended':
      return []
    default:
      return unreachable(state)
  }
}

/** When a container is asked again, whatever clock that was set by. */
export function nextOrderAt(state: Extract<ResourceState, { retryAt: EpochMs }>, now: EpochMs): EpochMs {
  return dueTime(
    state.retryAt,
    now,
    pauseMs(state.status === 'requested' ? LAUNCH_RETRY : RELEASE_RETRY, state.attempts),
  )
}

type Retry = { readonly firstMs: number; readonly longestMs: number }

/** After so many attempts. */
function pauseMs({ firstMs, longestMs }: Retry, attempts: number): number {
  return attempts === 0 ? 0 : Math.min(firstMs * 2 ** Math.min(attempts - 1, 16), longestMs)
}

function move(resource: Resource, state: ResourceState): readonly StateChange[] {
  return [{ kind: 'move-resource', resourceId: resource.resourceId, from: resourceGuard(resource), state }]
}
