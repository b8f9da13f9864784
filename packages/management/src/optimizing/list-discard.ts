import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Discard } from '../records/discard.ts'
import type { Task } from '../records/task.ts'
import type { StateChange } from '../store/state-change.ts'

const RETRY_FIRST_MS = 3_600_000
const RETRY_LONGEST_MS = 24 * 3_600_000

export function addDiscard(
  { processId, taskId, tableId }: Pick<Task, 'processId' | 'taskId' | 'tableId'>,
  { attempt, commit, dueAt }: Pick<Discard, 'attempt' | 'commit' | 'dueAt'>,
): StateChange {
  const discard = { processId, taskId, attempt, tableId, commit, dueAt, tries: 0, reason: undefined, table: undefined }
  return { kind: 'add-discard', discard }
}

/** It stays listed, and is looked at again, ever later. */
export function postponeDiscard(discard: Discard, reason: string, now: EpochMs): StateChange {
  const { processId, taskId, attempt, tries } = discard
  const pauseMs = Math.min(RETRY_FIRST_MS * 2 ** Math.min(tries, 16), RETRY_LONGEST_MS)
  return { kind: 'postpone-discard', key: { processId, taskId, attempt }, dueAt: later(now, pauseMs), reason }
}
