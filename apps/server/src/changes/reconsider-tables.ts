import type { TableId } from '@moraine/lifecycle/identity'
import { patchTable } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import { applyDecision } from './apply-decision.ts'

const PAGE = 1000

export type ReconsiderTablesDeps = {
  readonly stores: Pick<Stores, 'tables' | 'state'>
  onTableChanged(tableId: TableId): void
}

/** Has all tables of the catalog evaluated anew though they have not changed: what is known of them no longer holds. */
export async function reconsiderTables(
  catalog: string,
  { stores, onTableChanged }: ReconsiderTablesDeps,
): Promise<void> {
  let after: TableId | undefined
  for (;;) {
    const page = await stores.tables.listTables({ catalog, limit: PAGE, ...(after !== undefined && { after }) })
    for (const { tableId } of page) {
      await applyDecision(stores.state, `table ${tableId}`, async () => {
        const table = await stores.tables.findTable(tableId)
        const outdated = { evaluatedAt: undefined, emptyPlan: undefined }
        return { changes: table === undefined ? [] : [patchTable(table, outdated)] }
      })
      onTableChanged(tableId)
    }
    after = page.at(-1)?.tableId
    if (page.length < PAGE) return
  }
}
