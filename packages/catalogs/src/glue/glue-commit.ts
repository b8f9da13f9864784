import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MoraineError } from '@moraine/stdx/error'
import { uuidV4 } from '@moraine/stdx/random'
import type { CommitOutcome, LoadedTable, TableCommit } from '../catalog.ts'
import { noSuchNamespace, noSuchTable } from '../catalog-error.ts'
import { applyCommit } from '../metadata-file/apply-commit.ts'
import { removeQuietly, writeMetadata } from '../metadata-file/metadata-files.ts'
import { obsoleteMetadataFiles } from '../metadata-file/obsolete-metadata.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { isGlueAnswer } from './glue-failure.ts'
import { type GlueStore, loadGlueTable } from './glue-store.ts'
import { withGlueState } from './glue-table.ts'
import { type GlueOutcome, settleGlueChange, sightOfMetadata } from './settle-glue-change.ts'
import { swapGlueMetadata } from './swap-glue-metadata.ts'

/**
 * Writes the new metadata file, then has Glue point to it. A file whose pointer was refused is removed; one whose fate is
 * unknown stays. `identifier` is as Glue has it.
 */
export async function commitGlueTable(
  store: GlueStore,
  identifier: TableIdentifier,
  commit: TableCommit,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const base = await loadGlueTable(store, identifier, signal)
  const applied = applyCommit(base, commit, { now: store.clock.now(), newTableUuid: uuidV4(store.random) })
  if (applied.kind === 'conflict') return applied
  if (applied.kind === 'missing') throw noSuchTable(identifier)
  const { metadata } = applied
  if (base === undefined) return commitNewGlueTable(store, identifier, metadata, signal)
  if (metadata === base.metadata) return { kind: 'committed', table: base }

  const metadataLocation = await writeMetadata(store, metadata, base.metadataLocation, signal)
  const next = { identifier, metadata, metadataLocation }
  const outcome = await orRemove(store, metadataLocation, () => swapGlueMetadata(store, base, next, signal))
  if (outcome === 'lost') {
    return { kind: 'conflict', reason: `another commit to ${formatIdentifier(identifier)} came first`, raced: true }
  }
  if (outcome !== 'won') return { kind: 'unknown', cause: outcome.unknown }
  await removeQuietly(store, obsoleteMetadataFiles(base.metadata, metadata))
  return { kind: 'committed', table: next }
}

/** As {@link commitGlueTable}, for a table that must not exist yet. */
export async function commitNewGlueTable(
  store: GlueStore,
  identifier: TableIdentifier,
  metadata: TableMetadata,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const metadataLocation = await writeMetadata(store, metadata, undefined, signal)
  const table: LoadedTable = { identifier, metadata, metadataLocation }
  const outcome = await orRemove(store, metadataLocation, () => addGlueTable(store, table))
  if (outcome === 'won') return { kind: 'committed', table }
  if (outcome !== 'lost') return { kind: 'unknown', cause: outcome.unknown }
  return { kind: 'conflict', reason: `Table already exists: ${formatIdentifier(identifier)}` }
}

/**
 * Tells Glue of a table whose metadata file is there; `lost` if the name is taken.
 *
 * @throws {MoraineError} if Glue refuses, or is not reached; there is no new table then
 */
export async function addGlueTable(store: GlueStore, table: LoadedTable): Promise<GlueOutcome> {
  const { identifier, metadata, metadataLocation } = table
  const request = {
    CatalogId: store.settings.catalogId,
    DatabaseName: identifier.namespace[0],
    TableInput: withGlueState({ Name: identifier.name }, { metadata, metadataLocation }),
  }
  try {
    return await settleGlueChange(store.service, {
      doing: `to create table ${formatIdentifier(identifier)}`,
      call: (glue, options) => glue.createTable(request, options),
      look: () =>
        sightOfMetadata(store, identifier, metadataLocation, (found) => (found === undefined ? 'open' : 'lost')),
    })
  } catch (error) {
    if (isGlueAnswer(error, 'AlreadyExistsException')) return 'lost'
    if (isGlueAnswer(error, 'EntityNotFoundException')) throw noSuchNamespace(identifier.namespace)
    throw error
  }
}

/** What became of a metadata file that was written for `swap`: it is removed if no table can come to point to it. */
async function orRemove(store: GlueStore, location: string, swap: () => Promise<GlueOutcome>): Promise<GlueOutcome> {
  let outcome: GlueOutcome | undefined
  try {
    outcome = await swap()
    return outcome
  } finally {
    if (outcome === undefined || outcome === 'lost') await removeQuietly(store, [location])
  }
}

/** For calls that create or move and have no outcome to return. */
export function uncertainInGlue(identifier: TableIdentifier, what: string, cause: Error): MoraineError {
  const text = `table ${formatIdentifier(identifier)} may or may not have been ${what}; look for it`
  return new MoraineError('unavailable', text, { cause })
}
