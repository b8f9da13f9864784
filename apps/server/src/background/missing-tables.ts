import type { ManagedTable } from '@moraine/management/records/managed-table'
import { formatTableName, type TableName } from '@moraine/management/records/table-name'
import type { ListedName } from '@moraine/management/records/table-store'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { isSameTable } from '@moraine/management/tables/rename-table'
import { type EpochMs, later } from '@moraine/stdx/brand'
import { describeError, isRetryable } from '@moraine/stdx/error'
import type { Log } from '../service/log.ts'

/** New tables of one listing that are looked into: each costs a load, which their first evaluation makes again. */
const IDENTIFIED_MAX = 100
/** A table that came into being before is another one of the same UUID, such as one registered twice. */
const DOUBLE_MAX_AGE_MS = 24 * 3_600_000

export type MissingTablesDeps = {
  readonly tables: Pick<Stores['tables'], 'findTable' | 'listTables'>
  readonly maintenance: Pick<TableMaintenance, 'identify'>
  readonly log: Log
}

/**
 * Tables that a listing of their catalog does not have where they were: dropped, or there under another name. New tables are
 * looked into only while any are missing.
 */
export type MissingTables = {
  add(tables: readonly ListedName[]): void
  /**
   * The missing one that a new table is, which is missing no more. Of several the last that came into being: it was taken for
   * a new one, and the others are united with it when its process has ended, which only who knows its name can bring about.
   */
  takeSame(name: TableName, signal: AbortSignal): Promise<ListedName | undefined>
  /** What is missing still. `mayBeNew`: some new tables could not be looked into. */
  rest(): { readonly tables: readonly ListedName[]; readonly mayBeNew: boolean }
}

export function missingTables({ tables, maintenance, log }: MissingTablesDeps): MissingTables {
  const missing = new Map<ListedName['tableId'], ListedName>()
  const rows = new Map<ListedName['tableId'], ManagedTable | undefined>()
  let identified = 0
  let mayBeNew = false

  const identify = async (name: TableName, signal: AbortSignal) => {
    identified += 1
    if (identified > IDENTIFIED_MAX) {
      mayBeNew = true
      return undefined
    }
    try {
      const found = await maintenance.identify(name, signal)
      // What was listed is out of date: it has yet another name, perhaps.
      if (found === undefined) mayBeNew = true
      return found
    } catch (error) {
      if (signal.aborted) throw error
      mayBeNew ||= isRetryable(error)
      log.warn({ table: formatTableName(name), reason: describeError(error) }, 'a new table could not be identified')
      return undefined
    }
  }

  return {
    add(gone) {
      for (const table of gone) missing.set(table.tableId, table)
    },
    async takeSame(name, signal) {
      if (missing.size === 0) return undefined
      const found = await identify(name, signal)
      if (found === undefined) return undefined
      for (const table of [...missing.values()].sort((a, b) => b.tableId - a.tableId)) {
        const { tableId } = table
        if (!rows.has(tableId)) rows.set(tableId, await tables.findTable(tableId))
        const row = rows.get(tableId)
        if (row === undefined || !isSameTable(row, found)) continue
        missing.delete(tableId)
        return table
      }
      return undefined
    },
    rest: () => ({ tables: [...missing.values()], mayBeNew }),
  }
}

/**
 * The table that a missing one is by now, if a listing came upon its new name first and it was taken for a new table; the
 * catalog has moved it while it was listed.
 */
export async function findDouble(
  tables: MissingTablesDeps['tables'],
  { tableId, name: { catalog } }: ListedName,
  now: EpochMs,
): Promise<ManagedTable | undefined> {
  const tableUuid = (await tables.findTable(tableId))?.evaluation?.tableUuid
  if (tableUuid === undefined) return undefined
  const same = await tables.listTables({ catalog, tableUuid, after: tableId, limit: 2 })
  return same.find(({ createdAt }) => createdAt > later(now, -DOUBLE_MAX_AGE_MS))
}
