import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { tableProperty } from '@moraine/iceberg/metadata/table-properties'
import type { FileIO } from '@moraine/storage/file-io'
import { makeFolders } from '@moraine/storage/make-folders'
import { newMetadataFolder } from './metadata-file-name.ts'

/**
 * On disks, makes the folders for the files of a table that is staged: DuckDB makes none for those of a table that is not there
 * yet. Left empty they do no harm, since catalogs with pointers tell nothing from folders.
 *
 * @returns the metadata
 */
export async function withStagedFolders(
  io: Pick<FileIO, 'localPath'>,
  metadata: TableMetadata,
  signal: AbortSignal | undefined,
): Promise<TableMetadata> {
  const { location, properties } = metadata
  const data = tableProperty(properties, 'write.data.path')?.replace(/\/+$/, '') ?? `${location}/data`
  await makeFolders(io, [data, newMetadataFolder(metadata)], signal)
  return metadata
}
