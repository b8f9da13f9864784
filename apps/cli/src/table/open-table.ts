import type { CatalogTables } from '@moraine/catalogs/catalog'
import { openTableDirectory } from '@moraine/catalogs/filesystem/table-directory'
import { formatIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { Clock } from '@moraine/stdx/clock'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
import { absoluteLocation } from './absolute-location.ts'
import type { CatalogOptions } from './catalog-place.ts'
import { checkStore } from './check-store.ts'
import { openInCatalog } from './open-in-catalog.ts'
import { parseTableRef } from './table-ref.ts'

/** A table found by whatever the command line named, with all that is needed to read and change it. */
export type OpenTable = {
  readonly name: string
  readonly identifier: TableIdentifier
  readonly store: CatalogTables
  readonly io: FileIO
  readonly storage: StorageSettings
  /** Why the table cannot be changed this way; absent if it can. */
  readonly readOnly?: string
}

export type TableOptions = CatalogOptions & {
  readonly storage: StorageSettings
}

export type OpenContext = { readonly clock: Clock; readonly random: Random; readonly warn: (message: string) => void }

/** @throws {MoraineError} `invalid-input` if the reference needs an option that is missing, `not-found` for no such table. */
export async function openTable(
  text: string,
  options: TableOptions,
  context: OpenContext,
  signal?: AbortSignal,
): Promise<OpenTable> {
  const ref = parseTableRef(text)
  const io = openStorage(options.storage, context)
  const hadoop = { ...context, io, onLeftover: (error: unknown) => context.warn(String(error)) }
  if (ref.kind !== 'identifier') {
    const location = absoluteLocation(ref.location)
    checkStore(location, context.warn)
    const table = await openTableDirectory(hadoop, location, signal)
    if (table.note !== undefined) context.warn(table.note)
    const name = formatIdentifier(table.identifier)
    return {
      name,
      identifier: table.identifier,
      store: table,
      io,
      storage: options.storage,
      ...(table.readOnly && { readOnly: table.readOnly }),
    }
  }
  const { identifier, store, vended } = await openInCatalog(ref.levels, options, hadoop, signal)
  const name = formatIdentifier(identifier)
  if (vended === undefined) return { name, identifier, store, io, storage: options.storage }
  // What the command line says counts more.
  const storage = { ...vended, ...options.storage }
  return { name, identifier, store, io: openStorage(storage, context), storage }
}
