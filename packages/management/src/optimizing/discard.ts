import type { ProcessId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'

/**
 * The outputs of an attempt that will not be committed, to be deleted when due. Written in the transaction that decides
 * so, and removed when done: no output of ours is forgotten by a crash.
 */
export type Discard = {
  readonly processId: ProcessId
  readonly taskId: TaskId
  readonly attempt: number
  readonly tableId: TableId
  readonly dueAt: EpochMs
}

export interface DiscardStore {
  listDueDiscards(now: EpochMs, limit: number): Promise<readonly Discard[]>
}

/** How long a lost attempt may still be writing before its outputs are deleted. */
export const ZOMBIE_GRACE_MS = 15 * 60_000
