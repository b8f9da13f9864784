import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MoraineError } from '@moraine/stdx/error'
import { parseLocation, sameLocation } from '@moraine/storage/location'
import { formatIdentifier, type TableIdentifier } from '../table-identifier.ts'
import { metadataFolder } from './version-file.ts'

/**
 * Refuses metadata of a table that is not in the folder of the name it is to be registered under. Its files would stay
 * where they are, so that two names had the files of one table.
 *
 * @throws {MoraineError} `unsupported` naming both places
 */
export function refuseOtherFolder(
  identifier: TableIdentifier,
  folder: string,
  { location }: Pick<TableMetadata, 'location'>,
  metadataLocation: string,
): void {
  if (sameLocation(location, folder)) return
  // Hadoop's clients name one file system in several ways. Metadata in the table's own folder is the table's own.
  if (metadataLocation.startsWith(metadataFolder(folder)) && samePath(location, folder)) return
  throw new MoraineError(
    'unsupported',
    `table ${formatIdentifier(identifier)} of a filesystem catalog is at ${folder}, so ${metadataLocation} cannot be registered: it says that the table is at ${location}`,
  )
}

function samePath(a: string, b: string): boolean {
  const [path, other] = [a, b].map((each) =>
    parseLocation(each)
      .path.split('/')
      .filter((part) => part !== ''),
  )
  return JSON.stringify(path) === JSON.stringify(other)
}
