import { MoraineError } from '@moraine/stdx/error'
import { noSuchTable } from '../catalog-error.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import { findGlueTable, type GlueStore } from './glue-store.ts'
import { inputOf } from './glue-table.ts'
import { updateGlueTable } from './swap-glue-metadata.ts'

/**
 * An update of the table to what it is already, for a version that it does not have: Glue refuses it as it does a commit
 * that comes second.
 *
 * @throws {MoraineError} as a commit would, where tables cannot be changed
 */
export async function probeGlueCommit(
  store: GlueStore,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<string> {
  const found = await findGlueTable(store, identifier, signal)
  if (found === undefined) throw noSuchTable(identifier)
  const stale =
    found.VersionId === undefined ? found : { ...found, VersionId: found.VersionId === '0' ? '1000000' : '0' }
  const outcome = await updateGlueTable(store, identifier, {
    current: stale,
    input: inputOf(found),
    // Whatever its answer was, this update cannot be seen.
    look: async () => 'lost',
  })
  if (outcome === 'lost') return 'a change of a version that the table does not have was refused, as it must be'
  throw new MoraineError(
    'verification-failed',
    'Glue accepted a change of a version that the table does not have: writers could undo each other there, do not let it be optimized',
  )
}
