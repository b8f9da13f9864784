import type { Catalog, CatalogTables } from '@moraine/catalogs/catalog'
import type { TableIdentifier } from '@moraine/catalogs/table-identifier'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { StorageSettings } from '@moraine/storage/settings'
import { type CatalogOptions, type CatalogPlace, catalogPlace } from './catalog-place.ts'
import { type CatalogContext, type CatalogUse, openCatalog, withHint } from './open-catalog.ts'

/** A name in a catalog, whether or not there is such a table. */
export type CatalogName = {
  readonly identifier: TableIdentifier
  readonly catalog: Catalog
  readonly place: CatalogPlace
  /** The first of the levels, if it was taken for the warehouse of a REST catalog. */
  readonly first?: string
}

/** A table that a catalog has, by its name. */
export type NamedTable = {
  readonly identifier: TableIdentifier
  readonly store: CatalogTables
  /** How to reach the table's files, from a catalog that hands it out. */
  readonly vended?: StorageSettings
}

/**
 * Opens the catalog that the options name, for the name with these levels.
 *
 * @throws {MoraineError} `invalid-input` if an option is missing or makes no sense
 */
export async function openCatalogOf(
  levels: readonly string[],
  options: CatalogOptions,
  use: CatalogUse,
  context: CatalogContext,
  signal?: AbortSignal,
): Promise<CatalogName> {
  const named = catalogPlace(options)
  if (named === undefined) throw unplaced(`'${levels.join('.')}' is the name of a table in a catalog`)
  // The first of three or more levels is the name by which the catalog is known, its warehouse.
  const isFirst = named.type === 'rest' && named.properties['warehouse'] === undefined && levels.length > 2
  if (!isFirst) {
    const identifier = identifierOfLevels(levels)
    return { identifier, place: named, catalog: await openCatalog(named, use, context, signal) }
  }
  const [first = ''] = levels
  const identifier = identifierOfLevels(levels.slice(1))
  const place = { ...named, name: options.catalog ?? first, properties: { ...named.properties, warehouse: first } }
  const catalog = await openCatalog(place, use, context, signal).catch((error: unknown) => {
    throw withHint(error, warehouseHint(first), 'not-found')
  })
  return { identifier, place, catalog, first }
}

/** Nothing says which catalog is meant. */
export function unplaced(what: string): MoraineError {
  return new MoraineError(
    'invalid-input',
    `${what}: say where it is with --catalog (of the service), --catalog-uri, --catalog-type or --warehouse`,
  )
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
  const {
    catalog: store,
    identifier,
    place,
  } = await openCatalogOf(levels, options, { creates: false }, context, signal)
  const hint = async () => (await viewHint(store, identifier, signal)) ?? dotsHint(levels)
  if (place.type !== 'rest') {
    if ((await store.findMetadataLocation(identifier, signal)) !== undefined) return { identifier, store }
    throw new MoraineError('not-found', `there is no table ${levels.join('.')} in ${place.label}${await hint()}`)
  }
  const { storageProperties } = await store.loadTable(identifier, signal).catch(async (error: unknown) => {
    throw isKind(error, 'not-found') ? withHint(error, await hint()) : error
  })
  return { identifier, store, ...(storageProperties !== undefined && { vended: storageProperties }) }
}

/** @throws {MoraineError} `invalid-input` without a namespace */
export function identifierOfLevels(levels: readonly string[]): TableIdentifier {
  const name = levels.at(-1)
  if (name === undefined || levels.length < 2) {
    throw new MoraineError(
      'invalid-input',
      `'${levels.join('.')}' is no table name: it needs a namespace, as in db.orders`,
    )
  }
  return { namespace: levels.slice(0, -1), name }
}

/** Of what is looked for as a table. That nobody can say whether it is a view is not what went wrong. */
async function viewHint(
  { views }: Catalog,
  identifier: TableIdentifier,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const found = await views?.findViewLocation(identifier, signal).catch(() => undefined)
  if (found === undefined) return undefined
  return '; there is a view of that name: `moraine view load` with the same options shows it'
}

function warehouseHint(first: string): string {
  return `; '${first}', the first of the names, was taken for the warehouse: give the warehouse with --warehouse if it is a namespace`
}

function dotsHint(levels: readonly string[]): string {
  if (levels.length < 3) return ''
  const suggested = [...levels.slice(0, -2), `"${levels.slice(-2).join('.')}"`].join('.')
  return `; a name that has dots itself is put in quotes, as in '${suggested}'`
}
