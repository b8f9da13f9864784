import type { TableChangeBody } from '@moraine/api/rest/table-change-schemas'
import type { CatalogTables, LoadedTable, TableCommit } from '@moraine/catalogs/catalog'
import { formatIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { commitUnraced } from '../../../catalogs/commit-unraced.ts'
import { planTableChange } from './plan-table-change.ts'

/**
 * Makes the changes as one commit on top of the table as it is. Commits of others that do not touch what it rests on are
 * no conflict.
 *
 * @returns the table as it is then, and whether anything had to change
 * @throws {MoraineError} `invalid-input` for what cannot be done, `conflict` if somebody else came first, `unavailable` if
 *   the catalog does not tell whether it was done
 */
export async function commitChange(
  tables: CatalogTables,
  identifier: TableIdentifier,
  change: TableChangeBody,
): Promise<{ readonly table: LoadedTable; readonly isChanged: boolean }> {
  const base = await tables.loadTable(identifier)
  const commit = planTableChange(base.metadata, change)
  if (commit === undefined) return { table: base, isChanged: false }
  const outcome = await commitUnraced(() => tables.commitTable(identifier, commit))
  if (outcome.kind === 'committed') return { table: outcome.table, isChanged: true }
  if (outcome.kind === 'unknown')
    return { table: await findOutcome(tables, identifier, commit, outcome.cause), isChanged: true }
  const remedy = 'look at the table as it is now, and make the change again'
  throw new MoraineError(
    'conflict',
    `table ${formatIdentifier(identifier)} changed meanwhile: ${outcome.reason}; ${remedy}`,
  )
}

/** The table, if what was to be changed is as it should be. */
async function findOutcome(
  tables: CatalogTables,
  identifier: TableIdentifier,
  { updates }: TableCommit,
  cause: Error,
): Promise<LoadedTable> {
  const table = await tables.loadTable(identifier)
  try {
    if (applyUpdates(table.metadata, updates, { now: table.metadata.lastUpdatedMs }) === table.metadata) return table
  } catch (error) {
    if (!isKind(error, 'invalid-input') && !isKind(error, 'conflict')) throw error
  }
  const text = `the catalog did not say whether table ${formatIdentifier(identifier)} was changed`
  throw new MoraineError('unavailable', `${text}; look at it before the change is made again`, { cause })
}
