import { formatTableName, type TableName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { describeError } from '@moraine/stdx/error'
import type { Nudge } from '../nudges/nudges.ts'
import type { Log } from '../service/log.ts'

/**
 * What was done, or may have been, through this service. `written`: the table was created, registered, restored or committed
 * to; `gone`: it has not that name any more.
 */
export type ToldTableChange = { readonly kind: 'written' | 'gone'; readonly table: TableName }

/** Where the service hears of changes at once; of those it does not hear of it learns in its turn. Never throws. */
export type TellTableChange = (change: ToldTableChange) => void

export type TellTableChangeDeps = {
  readonly stores: { readonly tables: Pick<Stores['tables'], 'listNamed'> }
  readonly nudges: { send(nudge: Nudge): void }
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Pick<Log, 'warn'>
}

/** How long changes are gathered for one question, so that a table that is committed to again and again costs one, too. */
const GATHER_MS = 20

/** Has tables that are known looked at, and the catalogs of those that are not, or are known no more, explored. */
export function tellTableChange({ stores, nudges, clock, log }: TellTableChangeDeps): TellTableChange {
  let written = new Map<string, TableName>()
  const explore = (catalog: string) => nudges.send({ to: 'explorer', catalog })
  const look = async () => {
    const told = written
    written = new Map()
    try {
      for (const { tableId, name } of await stores.tables.listNamed([...told.values()])) {
        told.delete(keyOf(name))
        nudges.send({ to: 'refresher', tableId })
      }
      for (const catalog of new Set([...told.values()].map((name) => name.catalog))) explore(catalog)
    } catch (error) {
      const tables = [...told.values()].map(formatTableName)
      const failure = describeError(error)
      log.warn({ tables, failure }, 'changes were not noticed; the tables are looked at in their turn')
    }
  }
  return ({ kind, table }) => {
    if (kind === 'gone') return explore(table.catalog)
    if (written.size === 0) void clock.sleep(GATHER_MS).then(look)
    written.set(keyOf(table), table)
  }
}

function keyOf({ catalog, namespace, name }: TableName): string {
  return JSON.stringify([catalog, namespace, name])
}
