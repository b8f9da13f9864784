import type { LoadedTable } from '../catalog.ts'
import { type MetadataFiles, readMetadata } from './metadata-files.ts'

/** Whether the metadata file of a table that is to be added was written for it, or was there before. */
export type AddedOrigin = 'written' | 'registered'

/**
 * Whether the table whose pointer a name has now is the one that was to be added, when the answer to that was lost. Others
 * may be ahead already, further than their log goes back: a table that is new has a UUID that no other has, and keeps it.
 * `untold` if it has none, as by old writers of version 1, and of one that was registered, of which others may have
 * registered another version.
 */
export async function lookForAdded(
  files: Pick<MetadataFiles, 'cache' | 'io'>,
  {
    metadata,
    metadataLocation,
    origin,
  }: Pick<LoadedTable, 'metadata' | 'metadataLocation'> & { readonly origin: AddedOrigin },
  pointer: string,
): Promise<'won' | 'lost' | 'untold'> {
  if (pointer === metadataLocation) return 'won'
  if (origin === 'registered') return 'untold'
  const { tableUuid } = await readMetadata(files, pointer)
  if (tableUuid === undefined || metadata.tableUuid === undefined) return 'untold'
  return tableUuid === metadata.tableUuid ? 'won' : 'lost'
}
