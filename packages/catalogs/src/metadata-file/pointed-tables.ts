import type { LoadedTable } from '../catalog.ts'
import type { TableIdentifier } from '../table-identifier.ts'
import type { AddedOrigin } from './look-for-added.ts'
import { followPointer, type MetadataFiles, readMetadata } from './metadata-files.ts'
import type { SwapOutcome } from './swap-outcome.ts'

/**
 * The tables of a catalog that others keep, which holds of each little more than where its metadata file is. Identifiers
 * are as the catalog has them.
 */
export interface PointedTables {
  /** `undefined` if there is no such table, or a table of another kind. */
  findPointer(identifier: TableIdentifier, signal?: AbortSignal): Promise<string | undefined>
  /** Makes the file of `next` the current one if that of `base` still is. What it throws says that nothing was changed. */
  swap(base: LoadedTable, next: LoadedTable, signal?: AbortSignal): Promise<SwapOutcome>
  /** `lost` if the name is taken. What it throws says that there is no new table. */
  add(table: LoadedTable, origin: AddedOrigin): Promise<SwapOutcome>
  /** Throws for a table that must not be committed to. */
  readonly judge?: (base: LoadedTable) => void
}

export async function loadByPointer(
  files: Pick<MetadataFiles, 'cache' | 'io'>,
  tables: Pick<PointedTables, 'findPointer'>,
  identifier: TableIdentifier,
  signal?: AbortSignal,
): Promise<LoadedTable | undefined> {
  const found = await followPointer(
    { kind: 'table', identifier },
    async () => {
      const metadataLocation = await tables.findPointer(identifier, signal)
      return metadataLocation === undefined ? undefined : { metadataLocation }
    },
    (location) => readMetadata(files, location, signal),
  )
  return found && { identifier, metadata: found.metadata, metadataLocation: found.pointer.metadataLocation }
}
