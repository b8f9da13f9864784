import type { EpochMs } from '@moraine/stdx/brand'
import type { ManagedTable } from '../records/managed-table.ts'
import { type StateChange, tableGuard } from '../store/state-change.ts'
import type { OpenProcess } from './end-process.ts'
import { decideCancel } from './settle-process.ts'

/**
 * Forgets a table that its catalog no longer has. Its process is canceled first; one that is committing ends by itself,
 * and the removal is asked for again. What attempts wrote and is not deleted yet stays listed, under the name of the table.
 */
export function removeTable(
  table: ManagedTable,
  open: OpenProcess | undefined,
  now: EpochMs,
): readonly StateChange[] | 'wait' {
  const { tableId, name } = table
  if (open === undefined) {
    return [
      { kind: 'name-discards', tableId, table: name },
      { kind: 'remove-table', tableId, from: tableGuard(table) },
    ]
  }
  const canceled = decideCancel(open, 'the table is not in its catalog any more', now)
  return canceled.kind === 'refused' ? 'wait' : canceled.changes
}
