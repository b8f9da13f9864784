import type { Catalog } from '@moraine/catalogs/catalog'
import { openStorage } from '@moraine/storage/open-storage'
import { catalogPlace } from '../table/catalog-place.ts'
import { type CatalogContext, type CatalogUse, openCatalog } from '../table/open-catalog.ts'
import { type CatalogName, openCatalogOf, unplaced } from '../table/open-in-catalog.ts'
import { parseLevels } from '../table/table-ref.ts'
import type { RawTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { tableOptions } from './table-options.ts'

/** The catalog that the options name. @throws {MoraineError} `invalid-input` if they name none */
export async function openedCatalog(raw: RawTableOptions, use: CatalogUse, context: CommandContext): Promise<Catalog> {
  const options = await tableOptions(raw, context.sources)
  const place = catalogPlace(options)
  if (place === undefined) throw unplaced('no catalog is named')
  return openCatalog(place, use, catalogContext(options.storage, context), context.signal)
}

/** The catalog that the options name, or the first level of the name, and the table's name in it. */
export async function openedFor(
  ref: string,
  raw: RawTableOptions,
  use: CatalogUse,
  context: CommandContext,
): Promise<CatalogName> {
  const levels = parseLevels(ref, 'table name')
  const options = await tableOptions(raw, context.sources)
  return openCatalogOf(levels, options, use, catalogContext(options.storage, context), context.signal)
}

function catalogContext(storage: Readonly<Record<string, string>>, context: CommandContext): CatalogContext {
  const onLeftover = (error: unknown) => context.warn(String(error))
  return { ...context, io: openStorage(storage, context), onLeftover }
}
