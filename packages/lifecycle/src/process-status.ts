import type { EpochMs } from '@moraine/stdx/brand'
import { chosenStatuses, type StateNote, type TransitionTable } from './transition-table.ts'

export type ProcessStatus = 'executing' | 'committing' | 'succeeded' | 'failed' | 'canceled'

/**
 * - `finishTasks`: every task has ended and there is something to commit
 * - `retryCommit`: the commit could not be made, or its outcome is not known yet
 * - `commit`: at least one task's work is in the table
 * - `fail`, `cancel`: ended without a commit that is known of
 */
export type ProcessEvent = 'finishTasks' | 'retryCommit' | 'commit' | 'fail' | 'cancel'

/** The durable decision to run one plan on one table. */
export type ProcessState =
  | { readonly status: 'executing' }
  | {
      readonly status: 'committing'
      readonly since: EpochMs
      /** Commits tried so far. */
      readonly commitAttempts: number
      readonly retryAt: EpochMs
      /** One of the tries may have committed. Absent before the first, and of tries of earlier versions. */
      readonly inDoubt?: boolean
      /** Why the last try did not settle it. */
      readonly reason?: string
    }
  | {
      readonly status: 'succeeded'
      readonly endedAt: EpochMs
      /** Tasks whose work is in the table; fewer than all after a partial commit or a conflict. */
      readonly committedTasks: number
      /** Why some tasks' work is not in the table. */
      readonly reason?: string
    }
  | { readonly status: 'failed' | 'canceled'; readonly endedAt: EpochMs; readonly reason: string }

export const PROCESS_TRANSITIONS: TransitionTable<ProcessStatus, ProcessEvent> = {
  executing: { finishTasks: 'committing', fail: 'failed', cancel: 'canceled' },
  committing: { retryCommit: 'committing', commit: 'succeeded', fail: 'failed' },
  succeeded: {},
  failed: {},
  canceled: {},
}

/** Nothing becomes of it any more. */
export const ENDED_PROCESS = chosenStatuses({
  executing: false,
  committing: false,
  succeeded: true,
  failed: true,
  canceled: true,
} satisfies Record<ProcessStatus, boolean>)

export const PROCESS_NOTES = {
  executing: {
    meaning: 'its tasks are planned, running or ended',
    owner: 'optimizers, through the dispatcher',
    deadline: 'settled as soon as every task has ended; each task has its own deadlines',
  },
  committing: {
    meaning: 'no task runs any more; the results are being committed. It can no longer be canceled',
    owner: 'committer',
    deadline: 'tried again with growing pauses; ended as failed when the tries are used up after about half an hour',
  },
  succeeded: { meaning: 'work was committed', owner: 'nobody', deadline: 'removed with the history' },
  failed: {
    meaning:
      'nothing is known to be committed. Outputs are discarded; if a commit may have been made they are kept, and listed as unsettled',
    owner: 'nobody',
    deadline: 'as succeeded',
  },
  canceled: {
    meaning: 'ended by a person, or because the table was dropped, moved or switched off',
    owner: 'nobody',
    deadline: 'as succeeded',
  },
} as const satisfies Record<ProcessStatus, StateNote>
