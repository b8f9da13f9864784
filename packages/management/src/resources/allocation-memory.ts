import { type EpochMs, later } from '@moraine/stdx/brand'
import type { AllocationSettings } from './allocation-settings.ts'

/** What one look at a group leaves to the next. */
export type AllocationMemory = {
  /** Since when there has been more work than threads, at every look. */
  readonly backlogSince: EpochMs | undefined
  /** No launch before this, once one was made for this backlog. */
  readonly nextLaunchAt: EpochMs | undefined
  /** How many optimizers the next launch may have. */
  readonly ramp: number
  readonly releasedAt: EpochMs | undefined
  readonly planningBoundSince: EpochMs | undefined
}

export const NO_BACKLOG = { backlogSince: undefined, nextLaunchAt: undefined, ramp: 1 } as const

export const FRESH_MEMORY: AllocationMemory = { ...NO_BACKLOG, releasedAt: undefined, planningBoundSince: undefined }

/** A clock that was put back must not make anybody wait for longer than the settings say. */
export function notAhead(memory: AllocationMemory, settings: AllocationSettings, now: EpochMs): AllocationMemory {
  const bounded = (at: EpochMs | undefined, latest: EpochMs) => at && (Math.min(at, latest) as EpochMs)
  return {
    ...memory,
    backlogSince: bounded(memory.backlogSince, now),
    nextLaunchAt: bounded(memory.nextLaunchAt, later(now, settings.sustainedTimeoutMs)),
    releasedAt: bounded(memory.releasedAt, now),
    planningBoundSince: bounded(memory.planningBoundSince, now),
  }
}
