import type { ProcessId, TableId, TaskId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'
import type { TableName } from './table-name.ts'

/**
 * The outputs of an attempt that are not known to be in the table, to be deleted when due, or to be looked at where that
 * must not be. Written in the transaction that decides so, and removed when done: no output of ours is forgotten by a crash,
 * nor when its table leaves its catalog.
 */
export type Discard = DiscardKey & {
  readonly tableId: TableId
  readonly commit: OutputCommit
  readonly dueAt: EpochMs
  /** Tries that did not end it, and why the last did not. */
  readonly tries: number
  readonly reason: string | undefined
  /** What its table was called when it left; `undefined` while it is managed. */
  readonly table: TableName | undefined
}

export type DiscardKey = { readonly processId: ProcessId; readonly taskId: TaskId; readonly attempt: number }

/**
 * What is known of commits of an output:
 *
 * - `never-tried`: no commit ever had it; it is deleted whatever has become of the table
 * - `refused`: commits were tried, and ended without it; it is deleted once the table says that it does not refer to it
 * - `unknown`: a commit may have made it part of the table, or still make it so. It is never deleted, and is listed until the
 *   table refers to it or the files are gone
 */
export type OutputCommit = 'never-tried' | 'refused' | 'unknown'

export interface DiscardStore {
  /** Those due at one of these times, both included; the earliest first. */
  listDueDiscards(due: { readonly from?: EpochMs; readonly until: EpochMs }, limit: number): Promise<readonly Discard[]>
  /** Those of one table, or of all, due or not, in order of process, task and attempt. */
  pageDiscards(query: DiscardPageQuery): Promise<DiscardPage>
}

export type DiscardPageQuery = { readonly tableId?: TableId; readonly offset: number; readonly limit: number }
export type DiscardPage = { readonly discards: readonly Discard[]; readonly total: number }

/** How long a lost attempt may still be writing before its outputs are deleted. */
export const ZOMBIE_GRACE_MS = 15 * 60_000
