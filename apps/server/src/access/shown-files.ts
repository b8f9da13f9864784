import { placeText } from '@moraine/catalogs/metadata-file/own-files'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatExactJson } from '@moraine/stdx/exact-json'
import type { FileIO } from '@moraine/storage/file-io'
import { ownFileGuard, tableFileIO } from './table-file-io.ts'

/** The files that are shown of one table, to whoever may look at it. */
export type ShownFiles = {
  /** Refuses what `check` refuses. */
  readonly io: FileIO
  /** @throws {MoraineError} `permission` for a file that is not shown */
  check(location: string): void
  /** Of this table, and of what is shown of it: what was made of its files is kept under it, and serves nobody else. */
  readonly scope: string
}

export type Shown = {
  readonly catalog: string
  readonly table: { readonly namespace: readonly string[]; readonly name: string }
  readonly metadata: Pick<TableMetadata, 'location' | 'properties' | 'tableUuid'>
}

/** All that the table names, wherever it lies: for catalogs that allow it. */
export function allFiles(io: FileIO, shown: Shown): ShownFiles {
  return { io, check: () => undefined, scope: scopeOf(shown, 'all') }
}

/** The table's own files, as {@link tableFileIO} has them. */
export function ownFilesOnly(io: FileIO, shown: Shown): ShownFiles {
  const { metadata } = shown
  return { io: tableFileIO(io, metadata), check: ownFileGuard(metadata), scope: scopeOf(shown, placeText(metadata)) }
}

function scopeOf({ catalog, table: { namespace, name }, metadata }: Shown, places: string): string {
  return formatExactJson([catalog, namespace, name, metadata.tableUuid ?? '', places])
}
