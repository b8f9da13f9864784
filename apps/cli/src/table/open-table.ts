import { resolve } from 'node:path'
import type { CatalogTables } from '@moraine/catalogs/catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import { openTableDirectory } from '@moraine/catalogs/filesystem/table-directory'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import { formatIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { FileIO } from '@moraine/storage/file-io'
import { openStorage } from '@moraine/storage/open-storage'
import type { StorageSettings } from '@moraine/storage/settings'
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

export type TableOptions = {
  readonly catalogUri?: string
  readonly warehouse?: string
  readonly token?: string
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
    const table = await openTableDirectory(hadoop, absolute(ref.location), signal)
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
  const { identifier, store } = await openInCatalog(ref.levels, options, hadoop, signal)
  const name = formatIdentifier(identifier)
  // A REST catalog may hand out how to reach the table's files; what the command line says counts more.
  const vended =
    options.catalogUri === undefined ? undefined : (await store.loadTable(identifier, signal)).storageProperties
  if (vended === undefined) return { name, identifier, store, io, storage: options.storage }
  const storage = { ...vended, ...options.storage }
  return { name, identifier, store, io: openStorage(storage, context), storage }
}

async function openInCatalog(
  levels: readonly string[],
  options: TableOptions,
  hadoop: Parameters<typeof openTableDirectory>[0],
  signal: AbortSignal | undefined,
): Promise<{ readonly identifier: TableIdentifier; readonly store: CatalogTables }> {
  if (options.warehouse !== undefined && options.catalogUri === undefined) {
    const store = filesystemCatalog({ ...hadoop, name: 'filesystem', warehouse: absolute(options.warehouse) })
    return { identifier: identifierOf(levels), store }
  }
  if (options.catalogUri === undefined) {
    throw new MoraineError(
      'invalid-input',
      `'${levels.join('.')}' is a table's name: say where it is with --catalog-uri or --warehouse, or give a directory`,
    )
  }
  // The first of three or more levels is the name by which the catalog is known, its warehouse.
  const warehouse = options.warehouse ?? (levels.length > 2 ? levels[0] : undefined)
  const properties = {
    uri: options.catalogUri,
    ...(warehouse !== undefined && { warehouse }),
    ...(options.token !== undefined && { token: options.token }),
  }
  const store = await openRestCatalog({ name: warehouse ?? 'rest', properties, clock: hadoop.clock }, signal)
  return {
    identifier: identifierOf(options.warehouse === undefined && levels.length > 2 ? levels.slice(1) : levels),
    store,
  }
}

function identifierOf(levels: readonly string[]): TableIdentifier {
  const name = levels.at(-1)
  if (name === undefined || levels.length < 2) {
    throw new MoraineError(
      'invalid-input',
      `'${levels.join('.')}' is no table name: it needs a namespace, as in db.orders`,
    )
  }
  return { namespace: levels.slice(0, -1), name }
}

function absolute(location: string): string {
  return /^[a-z][a-z0-9+.-]*:\//i.test(location) ? location : resolve(location)
}
