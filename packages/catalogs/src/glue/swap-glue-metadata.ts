import type { TableInput } from '@aws-sdk/client-glue'
import { MoraineError } from '@moraine/stdx/error'
import type { LoadedTable } from '../catalog.ts'
import { noSuchTable } from '../catalog-error.ts'
import { readMetadata } from '../metadata-file/metadata-files.ts'
import type { SwapOutcome } from '../metadata-file/swap-outcome.ts'
import { toldByLog } from '../metadata-file/told-by-log.ts'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { isGlueAnswer, isModifiedInGlue } from './glue-failure.ts'
import { findGlueTable, type GlueStore } from './glue-store.ts'
import { type GlueTable, gluePointer, withGlueState } from './glue-table.ts'
import { type GlueSight, settleGlueChange } from './settle-glue-change.ts'

/**
 * Makes `next.metadataLocation` the current metadata file of a table if it still is `base.metadataLocation`: Glue makes
 * the update only if the table has the version that was read with that pointer.
 *
 * @throws {MoraineError} if Glue refuses, or is not reached; nothing was changed then
 */
export async function swapGlueMetadata(
  store: GlueStore,
  base: LoadedTable,
  next: LoadedTable,
  signal?: AbortSignal,
): Promise<SwapOutcome> {
  const { identifier, metadataLocation } = base
  // Read again: what others keep with the table may have changed without a commit to it.
  const current = await findGlueTable(store, identifier, signal)
  const pointer = gluePointer(current, identifier)
  if (current === undefined || pointer === undefined) throw noSuchTable(identifier)
  if (pointer !== metadataLocation) return 'lost'

  const look = async (): Promise<GlueSight> => {
    const table = await findGlueTable(store, identifier)
    const seen = gluePointer(table, identifier)
    if (seen === next.metadataLocation) return 'won'
    // Versions only grow: what was asked for on another one is refused whenever it arrives.
    if (seen === metadataLocation) return table?.VersionId === current.VersionId ? 'open' : 'lost'
    if (seen === undefined) return 'untold'
    return (
      toldByLog(await readMetadata(store, seen), { base: metadataLocation, next: next.metadataLocation }) ?? 'untold'
    )
  }
  return updateGlueTable(store, identifier, {
    current,
    input: withGlueState(current, { ...next, previousLocation: metadataLocation }),
    look,
  })
}

export type GlueUpdate = {
  /** As it was read; the update is made if the table has still this version. */
  readonly current: GlueTable
  readonly input: TableInput
  readonly look: () => Promise<GlueSight>
}

/** Replaces what Glue keeps of a table, if it is as it was read. */
export async function updateGlueTable(
  { service, settings }: GlueStore,
  identifier: TableIdentifier,
  { current, input, look }: GlueUpdate,
): Promise<SwapOutcome> {
  const VersionId = current.VersionId
  if (VersionId === undefined) {
    const text = `${formatIdentifier(identifier)} has no VersionId at glue.endpoint, without which commits undo one another`
    throw new MoraineError('unsupported', text)
  }
  const request = {
    CatalogId: settings.catalogId,
    DatabaseName: identifier.namespace[0],
    TableInput: input,
    SkipArchive: settings.skipsArchive,
    VersionId,
  }
  const doing = `to update table ${formatIdentifier(identifier)}`
  try {
    return await settleGlueChange(service, {
      doing,
      call: (glue, options) => glue.updateTable(request, options),
      look,
    })
  } catch (error) {
    if (isModifiedInGlue(error)) return 'lost'
    if (isGlueAnswer(error, 'EntityNotFoundException')) throw noSuchTable(identifier)
    throw error
  }
}
