import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { type FileIndex, indexBytes } from '@moraine/maintenance/plan/file-index'
import { EMPTY_INDEX } from '@moraine/maintenance/table/advance-index'
import type { TableName } from '@moraine/management/records/table-name'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { weighedCache } from '@moraine/stdx/weighed-cache'

/** Indexes of tables looked at lately, so that the next look reads only what was committed since. */
export type IndexCache = {
  /** The empty index for a table that is not there. */
  find(table: string): FileIndex
  /** An index larger than the whole cache is not kept. */
  keep(table: string, index: FileIndex): void
}

/** Holds up to `maxBytes` of indexes; those not used for longest go first. */
export function indexCache(maxBytes: number): IndexCache {
  const held = weighedCache<FileIndex>(maxBytes, indexBytes)
  return { find: (table) => held.find(table) ?? EMPTY_INDEX, keep: held.keep }
}

/** Under which the index of a table is held: another table of the same name has nothing in common with it. */
export function indexKey({ catalog, namespace, name }: TableName, { tableUuid = '' }: TableMetadata): string {
  return formatExactJson([catalog, namespace, name, tableUuid])
}
