import type { CatalogTables } from '@moraine/catalogs/catalog'
import { filesystemCatalog } from '@moraine/catalogs/filesystem/filesystem-catalog'
import type { HadoopStore } from '@moraine/catalogs/filesystem/hadoop-store'
import { openExternalCatalog } from '@moraine/catalogs/open-catalog'
import { openRestCatalog } from '@moraine/catalogs/rest/rest-catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { describeError, isKind, MoraineError } from '@moraine/stdx/error'
import type { StorageSettings } from '@moraine/storage/settings'
import { absoluteLocation } from './absolute-location.ts'
import { checkStore, checkWarehouse } from './check-store.ts'

export type CatalogOptions = {
  readonly catalogUri?: string
  readonly warehouse?: string
  readonly token?: string
}

export type CatalogContext = HadoopStore & { readonly warn: (message: string) => void }

/** A table that a catalog has, by its name. */
export type NamedTable = {
  readonly identifier: TableIdentifier
  readonly store: CatalogTables
  /** How to reach the table's files, from a catalog that hands it out. */
  readonly vended?: StorageSettings
}

/**
 * Finds the table with these levels in the catalog that the options name.
 *
 * @throws {MoraineError} `invalid-input` if an option is missing or no URL, `not-found` for no such warehouse or table.
 */
export async function openInCatalog(
  levels: readonly string[],
  options: CatalogOptions,
  context: CatalogContext,
  signal?: AbortSignal,
): Promise<NamedTable> {
  const { catalogUri, warehouse } = options
  if (catalogUri?.startsWith('thrift://') === true) {
    return openInHive(levels, { ...options, catalogUri }, context, signal)
  }
  if (catalogUri !== undefined) return openInRest(levels, { ...options, catalogUri }, context, signal)
  if (warehouse !== undefined) return openInWarehouse(levels, warehouse, context, signal)
  throw new MoraineError(
    'invalid-input',
    `'${levels.join('.')}' is a table's name: say where it is with --catalog-uri or --warehouse, or give a directory`,
  )
}

async function openInWarehouse(
  levels: readonly string[],
  option: string,
  context: CatalogContext,
  signal: AbortSignal | undefined,
): Promise<NamedTable> {
  const identifier = identifierOf(levels)
  const warehouse = absoluteLocation(option)
  checkStore(warehouse, context.warn)
  await checkWarehouse(option, warehouse)
  const store = filesystemCatalog({ ...context, name: 'filesystem', warehouse })
  if ((await store.findMetadataLocation(identifier, signal)) === undefined)
    throw new MoraineError('not-found', `there is no table ${levels.join('.')} in ${warehouse}${dotsHint(levels)}`)
  return { identifier, store }
}

async function openInHive(
  levels: readonly string[],
  { catalogUri, warehouse }: CatalogOptions & { readonly catalogUri: string },
  context: CatalogContext,
  signal: AbortSignal | undefined,
): Promise<NamedTable> {
  const identifier = identifierOf(levels)
  const properties = { uri: catalogUri, ...(warehouse !== undefined && { warehouse }) }
  const store = await openExternalCatalog({ ...context, name: 'hive', type: 'hive', properties }, signal)
  if ((await store.findMetadataLocation(identifier, signal)) === undefined)
    throw new MoraineError('not-found', `there is no table ${levels.join('.')} in the metastore at ${catalogUri}`)
  return { identifier, store }
}

async function openInRest(
  levels: readonly string[],
  options: CatalogOptions & { readonly catalogUri: string },
  { clock }: CatalogContext,
  signal: AbortSignal | undefined,
): Promise<NamedTable> {
  const { catalogUri, token } = options
  if (!/^https?:\/\//.test(catalogUri) || !URL.canParse(catalogUri))
    throw new MoraineError(
      'invalid-input',
      `--catalog-uri ${catalogUri}: write a URL, of a REST catalog or a Hive metastore, as in http://host:1630/path or thrift://host:9083`,
    )
  // The first of three or more levels is the name by which the catalog is known, its warehouse.
  const isFirst = options.warehouse === undefined && levels.length > 2
  const warehouse = isFirst ? levels[0] : options.warehouse
  const identifier = identifierOf(isFirst ? levels.slice(1) : levels)
  const properties = {
    uri: catalogUri,
    ...(warehouse !== undefined && { warehouse }),
    ...(token !== undefined && { token }),
  }
  const open = openRestCatalog({ name: warehouse ?? 'rest', properties, clock }, signal)
  const store = await open.catch((error: unknown) => {
    if (isNoCatalog(error)) throw withHint(error, rootHint(catalogUri))
    throw isFirst ? withHint(error, warehouseHint(levels), 'not-found') : error
  })
  const load = store.loadTable(identifier, signal)
  const { storageProperties } = await load.catch((error: unknown) => {
    throw withHint(error, dotsHint(levels), 'not-found')
  })
  return { identifier, store, ...(storageProperties !== undefined && { vended: storageProperties }) }
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

/** Iceberg's protocol answers in JSON, and with a reason where it refuses. */
function isNoCatalog(error: unknown): boolean {
  return error instanceof MoraineError && (error.kind === 'corrupt' || /answered (404|405)$/.test(error.message))
}

function rootHint(uri: string): string {
  return `; ${uri} is not where the server keeps its REST catalog: give the URL with its path, the one that Iceberg's clients append /v1/config to (of Moraine it ends in /api/iceberg/rest, of others often in /iceberg, /catalog or /api/catalog)`
}

function warehouseHint([first]: readonly string[]): string {
  return `; '${first}', the first of the names, was taken for the warehouse: give the warehouse with --warehouse if it is a namespace`
}

function dotsHint(levels: readonly string[]): string {
  if (levels.length < 3) return ''
  const suggested = [...levels.slice(0, -2), `"${levels.slice(-2).join('.')}"`].join('.')
  return `; a name that has dots itself is put in quotes, as in '${suggested}'`
}

/** The error with more to say, if it is of the kind. */
function withHint(error: unknown, hint: string, kind?: MoraineError['kind']): unknown {
  if (!(error instanceof MoraineError) || (kind !== undefined && !isKind(error, kind))) return error
  return new MoraineError(error.kind, `${describeError(error)}${hint}`, { context: error.context })
}
