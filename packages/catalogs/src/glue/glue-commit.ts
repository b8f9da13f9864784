import type { LoadedTable } from '../catalog.ts'
import { noSuchNamespace } from '../catalog-error.ts'
import type { PointedTable } from '../metadata-file/commit-by-pointer.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { isGlueAnswer } from './glue-failure.ts'
import { type GlueStore, loadGlueTable } from './glue-store.ts'
import { withGlueState } from './glue-table.ts'
import { settleGlueChange, sightOfMetadata } from './settle-glue-change.ts'
import { swapGlueMetadata } from './swap-glue-metadata.ts'

/** A table as commits see it; `identifier` is as Glue has it. */
export function gluePointed(store: GlueStore, identifier: TableIdentifier): PointedTable {
  return {
    identifier,
    load: (signal) => loadGlueTable(store, identifier, signal),
    swap: (base, next, signal) => swapGlueMetadata(store, base, next, signal),
    add: (table) => addGlueTable(store, table),
  }
}

/**
 * Tells Glue of a table whose metadata file is there; `lost` if the name is taken.
 *
 * @throws {MoraineError} if Glue refuses, or is not reached; there is no new table then
 */
export async function addGlueTable(store: GlueStore, table: LoadedTable): Promise<SwapOutcome> {
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
