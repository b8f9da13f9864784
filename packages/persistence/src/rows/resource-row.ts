import type { ResourceState } from '@moraine/lifecycle/resource-status'
import type { Resource } from '@moraine/management/records/resource'
import { must, unreachable } from '@moraine/stdx/assert'
import type { ResourceRow } from '../schema.ts'

export function resourceFromRow(row: ResourceRow): Resource {
  return {
    resourceId: row.resource_id,
    group: row.group_name,
    container: row.container,
    threads: row.threads,
    memoryMb: row.memory_mb,
    requestedAt: row.requested_at,
    reason: row.request_reason,
    state: stateFromRow(row),
  }
}

export function resourceToRow(resource: Resource): ResourceRow {
  return {
    resource_id: resource.resourceId,
    group_name: resource.group,
    container: resource.container,
    threads: resource.threads,
    memory_mb: resource.memoryMb,
    requested_at: resource.requestedAt,
    request_reason: resource.reason,
    ...resourceStateToRow(resource.state),
  }
}

export function resourceStateToRow(state: ResourceState) {
  return { ...NOTHING, ...stateToRow(state) }
}

/** Of each state the columns that are its own. */
const NOTHING = {
  attempts: 0,
  retry_at: null,
  failure: null,
  launched_at: null,
  releasing_at: null,
  ended_at: null,
  reason: null,
  is_failure: 0,
} as const

function stateToRow(state: ResourceState) {
  const { status } = state
  switch (state.status) {
    case 'requested':
      return { status, attempts: state.attempts, retry_at: state.retryAt, failure: state.failure ?? null }
    case 'launched':
      return { status, launched_at: state.launchedAt }
    case 'releasing':
      return {
        status,
        attempts: state.attempts,
        retry_at: state.retryAt,
        failure: state.failure ?? null,
        launched_at: state.launchedAt,
        releasing_at: state.releasingAt,
        reason: state.reason,
        is_failure: Number(state.isFailure),
      }
    case 'ended':
      return {
        status,
        launched_at: state.launchedAt ?? null,
        ended_at: state.endedAt,
        reason: state.reason,
        is_failure: Number(state.isFailure),
      }
    default:
      return unreachable(state)
  }
}

function stateFromRow(row: ResourceRow): ResourceState {
  const { status, attempts } = row
  const stored = <T>(value: T | null, column: string): T =>
    must(value, `${column} of ${status} resource ${row.resource_id}`)
  const failure = row.failure === null ? {} : { failure: row.failure }
  switch (status) {
    case 'requested':
      return { status, attempts, retryAt: stored(row.retry_at, 'retry_at'), ...failure }
    case 'launched':
      return { status, launchedAt: stored(row.launched_at, 'launched_at') }
    case 'releasing':
      return {
        status,
        launchedAt: stored(row.launched_at, 'launched_at'),
        releasingAt: stored(row.releasing_at, 'releasing_at'),
        reason: stored(row.reason, 'reason'),
        isFailure: row.is_failure === 1,
        attempts,
        retryAt: stored(row.retry_at, 'retry_at'),
        ...failure,
      }
    case 'ended':
      return {
        status,
        launchedAt: row.launched_at ?? undefined,
        endedAt: stored(row.ended_at, 'ended_at'),
        reason: stored(row.reason, 'reason'),
        isFailure: row.is_failure === 1,
      }
    default:
      return unreachable(status)
  }
}
