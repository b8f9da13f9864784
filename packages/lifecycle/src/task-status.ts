import type { EpochMs } from '@moraine/stdx/brand'
import type { OptimizerId } from './identity.ts'
import { chosenStatuses, type StateNote, type TransitionTable } from './transition-table.ts'

export type TaskStatus = 'planned' | 'scheduled' | 'acked' | 'succeeded' | 'failed' | 'canceled'

/**
 * - `schedule`: given to a polling thread; begins an attempt
 * - `ack`: the thread says it has begun
 * - `succeed`, `retry` (failed with tries left), `fail` (failed for good, or lost too often)
 * - `refuse`: it can be given to nobody, because its input cannot be read
 * - `withhold`: it is given to nobody for now, because what it needs besides its input cannot be had
 * - `reset`: the attempt is given up because its owner is gone or late; does not count as a failure
 * - `conflict`: its work could not be committed, because somebody else changed its inputs
 * - `cancel`: its process ended
 */
export type TaskEvent =
  | 'schedule'
  | 'refuse'
  | 'withhold'
  | 'ack'
  | 'succeed'
  | 'retry'
  | 'fail'
  | 'reset'
  | 'conflict'
  | 'cancel'

/** One run of one task by one thread of one optimizer. Results that carry another attempt are refused. */
export type Assignment = { readonly optimizerId: OptimizerId; readonly threadId: number; readonly attempt: number }

/** `attempts` counts the attempts begun, `failures` those that reported a failure. */
export type TaskState =
  | {
      readonly status: 'planned'
      readonly attempts: number
      readonly failures: number
      /** Why the last attempt ended without success, or why it is withheld. */
      readonly reason?: string
    }
  | {
      readonly status: 'scheduled'
      readonly attempts: number
      readonly failures: number
      readonly assignment: Assignment
      readonly scheduledAt: EpochMs
    }
  | {
      readonly status: 'acked'
      readonly attempts: number
      readonly failures: number
      readonly assignment: Assignment
      readonly scheduledAt: EpochMs
      readonly ackedAt: EpochMs
    }
  | {
      readonly status: 'succeeded'
      readonly attempts: number
      readonly failures: number
      readonly assignment: Assignment
      readonly scheduledAt: EpochMs
      readonly endedAt: EpochMs
    }
  | {
      readonly status: 'failed' | 'canceled'
      readonly attempts: number
      readonly failures: number
      readonly endedAt: EpochMs
      readonly reason: string
    }

export const TASK_TRANSITIONS: TransitionTable<TaskStatus, TaskEvent> = {
  planned: { schedule: 'scheduled', refuse: 'failed', withhold: 'planned', cancel: 'canceled' },
  scheduled: { ack: 'acked', reset: 'planned', cancel: 'canceled' },
  acked: { succeed: 'succeeded', retry: 'planned', fail: 'failed', reset: 'planned', cancel: 'canceled' },
  succeeded: { conflict: 'failed' },
  failed: {},
  canceled: {},
}

/** With a thread. */
export const ASSIGNED_TASK = chosenStatuses({
  planned: false,
  scheduled: true,
  acked: true,
  succeeded: false,
  failed: false,
  canceled: false,
} satisfies Record<TaskStatus, boolean>)

/** Not ended. */
export const OPEN_TASK = chosenStatuses({
  planned: true,
  scheduled: true,
  acked: true,
  succeeded: false,
  failed: false,
  canceled: false,
} satisfies Record<TaskStatus, boolean>)

export const TASK_NOTES = {
  planned: {
    meaning: 'waits for a thread',
    owner: 'dispatcher',
    deadline: 'given to the next idle thread of the group that the quota of the table allows',
  },
  scheduled: {
    meaning: 'handed to a thread that has not confirmed it',
    owner: 'the polling thread',
    deadline: 'reset after the ack timeout, or when the same thread polls again, or when its optimizer is gone',
  },
  acked: {
    meaning: 'running',
    owner: 'the thread',
    deadline: 'reset after the execute timeout, or when the same thread polls again, or when its optimizer is gone',
  },
  succeeded: {
    meaning: 'its result is stored and verified',
    owner: 'the process',
    deadline: 'committed with the process',
  },
  failed: { meaning: 'failed for good', owner: 'nobody', deadline: 'removed with the history' },
  canceled: { meaning: 'its process ended before it did', owner: 'nobody', deadline: 'removed with the history' },
} as const satisfies Record<TaskStatus, StateNote>
