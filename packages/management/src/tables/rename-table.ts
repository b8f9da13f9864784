import { type ManagedTable, openProcessId, type TablePatch } from '../records/managed-table.ts'
import type { TableName } from '../records/table-name.ts'
import { type StateChange, tableGuard } from '../store/state-change.ts'

/** What a catalog says of a table beside its name. */
export type TableIdentity = { readonly metadataLocation: string; readonly tableUuid?: string }

/** Whether what a catalog has now is the table that was evaluated. One without a UUID is told by its metadata file. */
export function isSameTable({ evaluation }: ManagedTable, found: TableIdentity): boolean {
  if (evaluation === undefined) return false
  if (evaluation.tableUuid === undefined || found.tableUuid === undefined) {
    return evaluation.metadataLocation === found.metadataLocation
  }
  return evaluation.tableUuid === found.tableUuid
}

/**
 * Gives a table the name that it has got in its catalog: all that is known of it, its process too, stays what it is.
 *
 * @param double the same table, which was taken for a new one of that name; what people asked of it meanwhile is kept. While
 *   it has a process, the answer is to `wait`
 */
export function recordRename(
  table: ManagedTable,
  name: TableName,
  double: ManagedTable | undefined,
): readonly StateChange[] | 'wait' {
  const { tableId } = table
  const rename = { kind: 'rename-table', tableId, from: tableGuard(table), name } as const
  if (double === undefined) return [rename]
  if (openProcessId(double) !== undefined) return 'wait'
  const asked: TablePatch = {
    ...(table.pause === undefined && double.pause !== undefined && { pause: double.pause }),
    ...(table.request === undefined && double.request !== undefined && { request: double.request }),
    ...(table.lastRequest === undefined && double.lastRequest !== undefined && { lastRequest: double.lastRequest }),
  }
  const from = { ...rename.from, version: rename.from.version + 1 }
  return [
    { kind: 'name-discards', tableId: double.tableId, table: name },
    { kind: 'remove-table', tableId: double.tableId, from: tableGuard(double) },
    rename,
    ...(Object.keys(asked).length === 0 ? [] : [{ kind: 'patch-table', tableId, from, patch: asked } as const]),
  ]
}
