import type { TableId } from '@moraine/lifecycle/identity'
import type { TableName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import { recordRename } from '@moraine/management/tables/rename-table'
import { applyDecision } from './apply-decision.ts'

/**
 * Gives a managed table the name that it has in its catalog by now. `waits`: it was taken for a new one of that name, whose
 * process has to end first. `gone`: the table is not managed any more.
 */
export async function renameManagedTable(
  { state, tables }: Pick<Stores, 'state' | 'tables'>,
  tableId: TableId,
  name: TableName,
): Promise<'renamed' | 'waits' | 'gone'> {
  const { outcome } = await applyDecision(state, `table ${tableId}`, async () => {
    const table = await tables.findTable(tableId)
    if (table === undefined) return { outcome: 'gone' as const, changes: [] }
    const double = await tables.findTableByName(name)
    if (double?.tableId === tableId) return { outcome: 'renamed' as const, changes: [] }
    const changes = recordRename(table, name, double)
    return changes === 'wait' ? { outcome: 'waits' as const, changes: [] } : { outcome: 'renamed' as const, changes }
  })
  return outcome
}
