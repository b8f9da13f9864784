import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Optimizer } from '../records/optimizer.ts'
import type { Resource } from '../records/resource.ts'

/** Why nothing is launched for now although it is wanted. */
export type LaunchBackOff = {
  /** Failures in a row. */
  readonly failures: number
  /** What the last one says. */
  readonly reason: string
  /** `undefined` while the container refuses an order that it is given again and again. */
  readonly until: EpochMs | undefined
}

export type LaunchHistory = {
  /** Of the group: those that ended without having been wanted to, the latest first. */
  readonly failed: readonly Resource[]
  /** Of the group: those not ended. */
  readonly resources: readonly Resource[]
  readonly optimizers: readonly Optimizer[]
}

const FIRST_MS = 1000
const LONGEST_MS = 10 * 60_000
/** Whatever failed before that does not count. */
const WITHIN_MS = 3_600_000

/**
 * After 1, 2, 3 ... failures in a row nothing is launched for 1, 2, 4 ... seconds, at most ten minutes; not either while a
 * container refuses what it was asked for. An optimizer that registered after a failure and still lives ends the row.
 */
export function launchBackOff(
  { failed, resources, optimizers }: LaunchHistory,
  now: EpochMs,
): LaunchBackOff | undefined {
  const refused = resources.flatMap(({ state }) => (state.status === 'requested' && state.attempts > 0 ? [state] : []))
  const [first] = refused
  if (first !== undefined) {
    return { failures: first.attempts, reason: first.failure ?? 'its container refused it', until: undefined }
  }
  const launchedHere = new Set<string>(resources.map(({ resourceId }) => resourceId))
  const successAt = Math.max(
    0,
    ...optimizers.flatMap(({ resourceId, registeredAt }) => (launchedHere.has(resourceId) ? [registeredAt] : [])),
  )
  const inARow = sinceLongRun(
    failed.flatMap(({ state }) =>
      state.status === 'ended' && state.endedAt > successAt && state.endedAt > now - WITHIN_MS ? [state] : [],
    ),
  )
  const [last] = inARow
  if (last === undefined) return undefined
  // A failure may carry the time of a server whose clock is ahead.
  const endedAt = Math.min(last.endedAt, now) as EpochMs
  const until = later(endedAt, Math.min(FIRST_MS * 2 ** Math.min(inARow.length - 1, 16), LONGEST_MS))
  return until > now ? { failures: inARow.length, reason: last.reason, until } : undefined
}

type Ended = Extract<Resource['state'], { status: 'ended' }>

/** One that ran for long came up well; what failed before it is another story. */
function sinceLongRun(ends: readonly Ended[]): readonly Ended[] {
  const ranLong = ends.findIndex(
    ({ launchedAt, endedAt }) => launchedAt !== undefined && endedAt - launchedAt > LONGEST_MS,
  )
  return ranLong < 0 ? ends : ends.slice(0, ranLong + 1)
}
