import type { OptimizerId } from '@moraine/lifecycle/identity'
import { unreachable } from '@moraine/stdx/assert'
import { type EpochMs, earliest, later } from '@moraine/stdx/brand'
import type { Optimizer } from '../records/optimizer.ts'
import type { Task } from '../records/task.ts'
import { optimizerGuard, type StateChange } from '../store/state-change.ts'

export type DeadlineSettings = {
  /** `optimizer.heart-beat-timeout` */
  readonly heartbeatTimeoutMs: number
  /** `optimizer.task-ack-timeout` */
  readonly ackTimeoutMs: number
  /** `optimizer.task-execute-timeout` */
  readonly executeTimeoutMs: number
}

/**
 * Deadlines run from what was last heard, but not from before this service started: while it was away, nobody could
 * reach it. `serviceStartedAt` is that moment.
 */
export type DeadlineInput = {
  readonly optimizers: readonly Optimizer[]
  /** Tasks that are scheduled or acked. */
  readonly assigned: readonly Task[]
  readonly settings: DeadlineSettings
  readonly serviceStartedAt: EpochMs
  readonly now: EpochMs
}

export type DeadlineDecision = {
  readonly expired: readonly Optimizer[]
  readonly overdue: readonly { readonly task: Task; readonly reason: string }[]
  /** The next deadline of those that have not passed. */
  readonly nextAt: EpochMs | undefined
}

/** Which optimizers are lost, and which tasks are taken back from whom and why. */
export function decideDeadlines(input: DeadlineInput): DeadlineDecision {
  const { now, settings, serviceStartedAt } = input
  // What was heard in the future was heard by a clock that was ahead: it is not known when.
  const from = (at: EpochMs, timeoutMs: number) =>
    later(at < serviceStartedAt || at > now ? serviceStartedAt : at, timeoutMs)
  const upcoming: EpochMs[] = []
  const passed = (deadline: EpochMs) => {
    if (deadline <= now) return true
    upcoming.push(deadline)
    return false
  }
  const expired = input.optimizers.filter(
    ({ state }) => state.status !== 'gone' && passed(from(state.touchedAt, settings.heartbeatTimeoutMs)),
  )
  const lost = new Set(expired.map(({ optimizerId }) => optimizerId))
  const live = new Set(input.optimizers.map(({ optimizerId }) => optimizerId).filter((id) => !lost.has(id)))
  const overdue = input.assigned.flatMap((task) => {
    const reason = overdueReason(task, live, settings, (at, timeoutMs) => passed(from(at, timeoutMs)))
    return reason === undefined ? [] : [{ task, reason }]
  })
  return { expired, overdue, nextAt: earliest(upcoming) }
}

function overdueReason(
  { state }: Task,
  live: ReadonlySet<OptimizerId>,
  settings: DeadlineSettings,
  passed: (at: EpochMs, timeoutMs: number) => boolean,
): string | undefined {
  switch (state.status) {
    case 'scheduled':
      if (!live.has(state.assignment.optimizerId)) return lostOptimizer(state.assignment.optimizerId)
      return passed(state.scheduledAt, settings.ackTimeoutMs)
        ? `not confirmed within ${settings.ackTimeoutMs} ms (optimizer.task-ack-timeout)`
        : undefined
    case 'acked':
      if (!live.has(state.assignment.optimizerId)) return lostOptimizer(state.assignment.optimizerId)
      return passed(state.ackedAt, settings.executeTimeoutMs)
        ? `not finished within ${settings.executeTimeoutMs} ms (optimizer.task-execute-timeout)`
        : undefined
    case 'planned':
    case 'succeeded':
    case 'failed':
    case 'canceled':
      return undefined
    default:
      return unreachable(state)
  }
}

function lostOptimizer(optimizerId: OptimizerId): string {
  return `its optimizer ${optimizerId} is gone`
}

/** The optimizer has left, or has not been heard of for too long. */
export function endOptimizer(optimizer: Optimizer, reason: string, now: EpochMs): readonly StateChange[] {
  const { state, optimizerId } = optimizer
  if (state.status === 'gone') return []
  return [
    {
      kind: 'move-optimizer',
      optimizerId,
      from: optimizerGuard(optimizer),
      state: { status: 'gone', touchedAt: state.touchedAt, goneAt: now, reason },
    },
  ]
}

/** The optimizer ends what it has and takes no more. */
export function drainOptimizer(optimizer: Optimizer, now: EpochMs): readonly StateChange[] {
  const { state, optimizerId } = optimizer
  if (state.status !== 'active') return []
  return [
    {
      kind: 'move-optimizer',
      optimizerId,
      from: optimizerGuard(optimizer),
      state: { status: 'draining', touchedAt: now },
    },
  ]
}
