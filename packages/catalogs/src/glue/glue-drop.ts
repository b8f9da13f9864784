import { changeUncertain, noSuchTable } from '../catalog-error.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { isGlueAnswer } from './glue-failure.ts'
import { findGlueTable, type GlueStore } from './glue-store.ts'
import { type GlueTable, isIcebergInGlue } from './glue-table.ts'
import { settleGlueChange } from './settle-glue-change.ts'

/** Forgets an Iceberg table; its files stay. */
export async function dropGlueTable(
  store: GlueStore,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<void> {
  const found = await findGlueTable(store, identifier, signal)
  if (found === undefined || !isIcebergInGlue(found)) throw noSuchTable(identifier)
  const outcome = await deleteGlueTable(store, identifier, found)
  if (outcome !== 'won')
    throw outcome === 'lost'
      ? noSuchTable(identifier)
      : changeUncertain('table', identifier, 'dropped', outcome.unknown)
}

/**
 * Deletes a table of any kind; `lost` if it is gone already. Glue compares nothing here: a table that took its place the
 * moment before would go instead.
 */
export async function deleteGlueTable(
  store: GlueStore,
  identifier: TableIdentifier,
  found: GlueTable,
): Promise<SwapOutcome> {
  const { service, settings } = store
  const request = { CatalogId: settings.catalogId, DatabaseName: identifier.namespace[0], Name: identifier.name }
  try {
    return await settleGlueChange(service, {
      doing: `to drop table ${formatIdentifier(identifier)}`,
      call: (glue, options) => glue.deleteTable(request, options),
      // Another table of the name was created after ours had gone.
      look: async () => {
        const current = await findGlueTable(store, identifier)
        return current !== undefined && current.CreateTime?.getTime() === found.CreateTime?.getTime() ? 'open' : 'won'
      },
    })
  } catch (error) {
    if (isGlueAnswer(error, 'EntityNotFoundException')) return 'lost'
    throw error
  }
}
