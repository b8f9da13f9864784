import type { CommitOutcome, LoadedTable } from '../catalog.ts'
import { changeUncertain, tableExists } from '../catalog-error.ts'
import type { TableIdentifier } from '../table-identifier.ts'

/**
 * What a commit has made whose only requirement is that the name is free.
 *
 * @throws {MoraineError} `already-exists` if it is not; `timeout` if that cannot be told
 */
export function madeTable(
  identifier: TableIdentifier,
  done: 'created' | 'registered',
  outcome: CommitOutcome,
): LoadedTable {
  if (outcome.kind === 'committed') return outcome.table
  if (outcome.kind === 'conflict') throw tableExists(identifier)
  throw changeUncertain('table', identifier, done, outcome.cause)
}
