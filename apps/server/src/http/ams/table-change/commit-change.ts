import type { TableChangeBody } from '@moraine/api/rest/table-change-schemas'
import type { CatalogTables, LoadedTable, TableCommit } from '@moraine/catalogs/catalog'
import { formatIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { MoraineError, outcomeUnknown } from '@moraine/stdx/error'
import { commitUnraced } from '../../../catalogs/commit-unraced.ts'
import { planTableChange } from './plan-table-change.ts'

/**
 * Makes the changes as one commit on top of the table as it is. Commits of others that do not touch what it rests on are
 * no conflict.
 *
 * @returns the table as it is then
 * @throws {MoraineError} `invalid-input` for what cannot be done, `conflict` if somebody else came first; as `outcomeUnknown`
 *   makes it if neither the catalog nor the table tells whether it was done
 */
export async function commitChange(
  tables: CatalogTables,
  identifier: TableIdentifier,
  change: TableChangeBody,
  signal?: AbortSignal,
): Promise<LoadedTable> {
  const base = await tables.loadTable(identifier, signal)
  const commit = planTableChange(base.metadata, change)
  if (commit === undefined) return base
  const outcome = await commitUnraced(() => tables.commitTable(identifier, commit, signal))
  if (outcome.kind === 'committed') return outcome.table
  if (outcome.kind === 'unknown') return findOutcome(tables, identifier, commit, outcome.cause)
  const remedy = 'look at the table as it is now, and make the change again'
  throw new MoraineError(
    'conflict',
    `table ${formatIdentifier(identifier)} changed meanwhile: ${outcome.reason}; ${remedy}`,
  )
}

/** The table, if what was to be changed is as it should be; looked at also for whoever has gone, for the log. */
async function findOutcome(
  tables: CatalogTables,
  identifier: TableIdentifier,
  { updates }: TableCommit,
  cause: Error,
): Promise<LoadedTable> {
  const text = `the catalog did not say whether table ${formatIdentifier(identifier)} was changed`
  const unknown = (why: unknown) => outcomeUnknown(`${text}; look at it before the change is made again`, why)
  try {
    const table = await tables.loadTable(identifier)
    if (applyUpdates(table.metadata, updates, { now: table.metadata.lastUpdatedMs }) === table.metadata) return table
  } catch (error) {
    throw unknown(error)
  }
  throw unknown(cause)
}
