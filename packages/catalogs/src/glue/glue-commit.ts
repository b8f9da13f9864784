import type { LoadedTable } from '../catalog.ts'
import { noSuchNamespace } from '../catalog-error.ts'
import { type AddedOrigin, lookForAdded } from '../metadata-file/look-for-added.ts'
import type { PointedTables } from '../metadata-file/pointed-tables.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { formatIdentifier } from '../table-identifier.ts'
import { isGlueAnswer } from './glue-failure.ts'
import { findGlueTable, type GlueStore } from './glue-store.ts'
import { gluePointer, withGlueState } from './glue-table.ts'
import { type GlueSight, settleGlueChange } from './settle-glue-change.ts'
import { swapGlueMetadata } from './swap-glue-metadata.ts'

/** The tables as commits see them. */
export function gluePointed(store: GlueStore): PointedTables {
  return {
    findPointer: async (identifier, signal) => gluePointer(await findGlueTable(store, identifier, signal), identifier),
    swap: (base, next, signal) => swapGlueMetadata(store, base, next, signal),
    add: (table, origin) => addGlueTable(store, table, origin),
  }
}

/**
 * Tells Glue of a table whose metadata file is there; `lost` if the name is taken.
 *
 * @throws {MoraineError} if Glue refuses, or is not reached; there is no new table then
 */
async function addGlueTable(store: GlueStore, table: LoadedTable, origin: AddedOrigin): Promise<SwapOutcome> {
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
      look: () => lookForNew(store, table, origin),
    })
  } catch (error) {
    if (isGlueAnswer(error, 'AlreadyExistsException')) return 'lost'
    if (isGlueAnswer(error, 'EntityNotFoundException')) throw noSuchNamespace(identifier.namespace)
    throw error
  }
}

/** Of a name that was free, whether the table has it now. */
async function lookForNew(store: GlueStore, table: LoadedTable, origin: AddedOrigin): Promise<GlueSight> {
  const found = await findGlueTable(store, table.identifier)
  if (found === undefined) return 'open'
  const pointer = gluePointer(found, table.identifier)
  return pointer === undefined ? 'lost' : lookForAdded(store, { ...table, origin }, pointer)
}
