import type { Stores } from '@moraine/management/store/stores'
import type { TableName } from '@moraine/management/tables/table-name'
import { describeError } from '@moraine/stdx/error'
import type { Nudge } from '../background/nudges.ts'
import type { Log } from '../service/log.ts'

/**
 * What was done, or may have been, through this service. `written`: the table was created, registered, restored or committed
 * to; `gone`: it has not that name any more.
 */
export type ToldTableChange = { readonly kind: 'written' | 'gone'; readonly table: TableName }

/** Where the service hears of changes at once; of those it does not hear of it learns in its turn. Never throws. */
export type TellTableChange = (change: ToldTableChange) => void

export type TellTableChangeDeps = {
  readonly stores: { readonly tables: Pick<Stores['tables'], 'findTableByName'> }
  readonly nudges: { send(nudge: Nudge): void }
  readonly log: Pick<Log, 'warn'>
}

/** Has a table that is known looked at, and the catalog of one that is not, or is known no more, explored. */
export function tellTableChange({ stores, nudges, log }: TellTableChangeDeps): TellTableChange {
  return ({ kind, table }) => {
    const explore: Nudge = { to: 'explorer', catalog: table.catalog }
    if (kind === 'gone') return nudges.send(explore)
    // Whoever made the change is answered first.
    setImmediate(() => {
      stores.tables.findTableByName(table).then(
        (known) => nudges.send(known === undefined ? explore : { to: 'refresher', tableId: known.tableId }),
        (error: unknown) =>
          log.warn(
            { ...table, failure: describeError(error) },
            'a change was not noticed; the table is looked at in its turn',
          ),
      )
    })
  }
}
