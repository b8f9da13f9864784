import { droppedCopy, parseVersionFile } from '@moraine/catalogs/filesystem/version-file'
import { catalogsApi } from '@moraine/client/catalogs-api'
import { describeError } from '@moraine/stdx/error'
import type { CatalogName } from '../table/open-in-catalog.ts'
import { formatName } from '../text/name-text.ts'
import type { RawTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { findJustDropped, restoreHint } from './dropped-tables.ts'
import { apiConnection } from './server-access.ts'
import { isOfService } from './table-options.ts'

/** What is left of a table where a drop keeps nothing else of it, as it is known before the drop. */
export type DropTraces = {
  /** Of the catalog, also where the service speaks for it; `undefined` if the service does not say. */
  readonly catalogType: string | undefined
  /** The metadata file that gives it its name again; `undefined` if there is none. */
  readonly file: string | undefined
}

/** Looks before a table is dropped. That the service does not say of which type its catalog is hinders no drop. */
export async function tracesOf(
  { catalog, identifier, place }: CatalogName,
  raw: RawTableOptions,
  context: CommandContext,
): Promise<DropTraces> {
  const catalogType = isOfService(raw) ? await typeInService(raw, context) : place.type
  const file = await catalog.findMetadataLocation(identifier, context.signal)
  const version = file === undefined ? undefined : parseVersionFile(file)
  if (version === undefined || (catalogType !== undefined && !isWarehouse(catalogType))) return { catalogType, file }
  if (catalogType === undefined) return { catalogType, file: undefined }
  // Of a warehouse the metadata files are the table, and go with it, but for a copy of the last.
  const { metadata } = await catalog.loadTable(identifier, context.signal)
  const copy = droppedCopy(version.tableLocation, version.version, metadata.tableUuid)
  return { catalogType, file: copy.location }
}

/** How a table is had back, if it can be. The drop has been made: that nobody can say is no failure of it. */
export async function recoveryHint(
  levels: readonly string[],
  { catalogType, file }: DropTraces,
  raw: RawTableOptions & { readonly purge?: boolean },
  context: CommandContext,
): Promise<string | undefined> {
  const name = formatName(levels)
  if (isOfService(raw) && !KEEPS_NOTHING.has(catalogType ?? '')) {
    try {
      const dropped = await findJustDropped(levels, raw, context)
      if (dropped !== undefined) return restoreHint(dropped, raw.catalog)
    } catch (error) {
      return `whether ${name} can be had back could not be found out: ${describeError(error)}`
    }
  }
  if (raw.purge === true) {
    return catalogType === 'rest'
      ? `when its files go, and whether ${name} can be had back until then, is for the service that keeps the catalog to say`
      : `its files go, too: ${name} cannot be had back`
  }
  if (file === undefined) return undefined
  const stays = isWarehouse(catalogType) ? 'its data files and a copy of its metadata stay' : 'its files stay'
  return `${stays}: \`moraine table register ${name} ${file}\` with the same options gives it the name again`
}

/** Catalogs without dropped tables, which the service need not be asked for. */
const KEEPS_NOTHING: ReadonlySet<string> = new Set(['filesystem', 'hadoop', 'hive', 'glue', 'jdbc', 'rest'])

function isWarehouse(catalogType: string | undefined): boolean {
  return catalogType === 'filesystem' || catalogType === 'hadoop'
}

async function typeInService(
  raw: RawTableOptions & { readonly catalog: string },
  context: CommandContext,
): Promise<string | undefined> {
  const catalogs = await catalogsApi(apiConnection(raw, context))
    .list(context.signal)
    .catch(() => undefined)
  return catalogs?.find(({ catalogName }) => catalogName === raw.catalog)?.catalogType
}
