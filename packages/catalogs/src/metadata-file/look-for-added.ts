import type { LoadedTable } from '../catalog.ts'
import { type MetadataFiles, readMetadata } from './metadata-files.ts'

/**
 * Whether the table whose pointer a name has now is the one that was to be added, when the answer to that was lost. Others
 * may be ahead already, further than their log goes back: a table keeps its UUID. `untold` if it has none, as by old writers
 * of version 1.
 */
export async function lookForAdded(
  files: Pick<MetadataFiles, 'cache' | 'io'>,
  { metadata, metadataLocation }: Pick<LoadedTable, 'metadata' | 'metadataLocation'>,
  pointer: string,
): Promise<'won' | 'lost' | 'untold'> {
  if (pointer === metadataLocation) return 'won'
  const { tableUuid } = await readMetadata(files, pointer)
  if (tableUuid === undefined || metadata.tableUuid === undefined) return 'untold'
  return tableUuid === metadata.tableUuid ? 'won' : 'lost'
}
