import type { Catalog } from '@moraine/catalogs/catalog'
import type { DroppedTable } from '@moraine/catalogs/dropped-tables'
import { formatIdentifier, type TableIdentifier } from '@moraine/catalogs/table-identifier'
import { MoraineError } from '@moraine/stdx/error'

/** What became of a dropped table; `kept` where it can be had back until `purgeAt`. */
export type DropOutcome = { readonly kept?: DroppedTable; readonly purgesFiles: boolean }

/**
 * Drops a table as its catalog does: the internal one keeps it for a time, others forget it, and remove its files now if they
 * can and `purge` asks for it.
 *
 * @throws {MoraineError} `unsupported` where nobody would remove the files that were to go; nothing was dropped
 */
export async function dropAsAsked(
  catalog: Catalog,
  identifier: TableIdentifier,
  purge: boolean,
  signal?: AbortSignal,
): Promise<DropOutcome> {
  const { name, dropped, purgeTable } = catalog
  if (dropped !== undefined) {
    const kept = await dropped.dropTable(identifier, { purge }, signal)
    return { kept, purgesFiles: kept.purgesFiles }
  }
  if (!purge) {
    await catalog.dropTable(identifier, signal)
    return { purgesFiles: false }
  }
  if (purgeTable === undefined) {
    throw new MoraineError(
      'unsupported',
      `table ${formatIdentifier(identifier)} was not dropped: catalog ${name} leaves the files of dropped tables to others; drop it without asking for a purge, and remove its files by yourself`,
    )
  }
  await purgeTable(identifier, signal)
  return { purgesFiles: true }
}
