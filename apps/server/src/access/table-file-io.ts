import { ownFiles, type TablePlace } from '@moraine/catalogs/metadata-file/own-files'
import { MoraineError } from '@moraine/stdx/error'
import type { FileIO } from '@moraine/storage/file-io'

/**
 * Reads a table's own files, and none besides: for those who ask about a table, while the service reads with keys of its own.
 * What the table names is said by its writers, who could name what only others may see.
 *
 * Listing and writing are not for them. Refusals are `permission`.
 */
export function tableFileIO(io: FileIO, table: TablePlace): FileIO {
  const check = ownFileGuard(table)
  const guard = async <Result>(location: string, read: () => Promise<Result>): Promise<Result> => {
    check(location)
    return read()
  }
  const refuse = async () => {
    throw new MoraineError('unsupported', `the files of the table at ${table.location} are read here, and nothing else`)
  }
  return {
    read: (location, signal) => guard(location, () => io.read(location, signal)),
    readRange: (location, offset, length, signal) =>
      guard(location, () => io.readRange(location, offset, length, signal)),
    stat: (location, signal) => guard(location, () => io.stat(location, signal)),
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }),
    write: refuse,
    openWriter: refuse,
    remove: refuse,
    canCreateOnly: () => false,
  }
}

/** Refuses, by `permission`, what is none of the table's own files. */
export function ownFileGuard(table: TablePlace): (location: string) => void {
  const isOwn = ownFiles(table)
  return (location) => {
    if (isOwn(location)) return
    throw new MoraineError(
      'permission',
      `${location} is outside of the table's location ${table.location} and the folders that its properties name; it is read where the catalog allows it by allow.external.table.location`,
    )
  }
}
