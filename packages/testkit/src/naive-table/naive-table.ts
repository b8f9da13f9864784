import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import { manifestEntry } from '../builders/manifest-entry.ts'

/** A row of the model: equality deletes match `key`; `id` is unique and says which row it is. */
export type NaiveRow = { readonly id: number; readonly key: number }

export type NaivePartition = number | 'all'

/** A data file of the model, in partition `p`; `all`: of the unpartitioned spec. */
export type NaiveDataFile = {
  readonly path: string
  readonly sequence: number
  readonly p: NaivePartition
  readonly sizeBytes: number
  readonly rows: readonly NaiveRow[]
}

/** A delete file of the model, of a partition or of the unpartitioned spec. */
export type NaiveDelete = { readonly path: string; readonly sequence: number; readonly sizeBytes: number } & (
  | { readonly kind: 'equality'; readonly p: NaivePartition; readonly keys: ReadonlySet<number> }
  | {
      readonly kind: 'position'
      readonly p: NaivePartition
      readonly positions: readonly { readonly path: string; readonly pos: number }[]
    }
)

/** A table as a list of files with their rows in memory, read by the definition of deletes and nothing cleverer. */
export type NaiveTable = { readonly data: readonly NaiveDataFile[]; readonly deletes: readonly NaiveDelete[] }

export const NAIVE_SPECS: ReadonlyMap<number, PartitionSpec> = new Map([
  [0, { specId: 0, fields: [{ fieldId: 1000, sourceIds: [9], name: 'p', transform: { kind: 'identity' } }] }],
  [1, { specId: 1, fields: [] }],
])

/** The ids of the rows a reader of the table sees, sorted. */
export function liveRowIds(table: NaiveTable): readonly number[] {
  return table.data.flatMap((file) => survivors(file, table.deletes).map((row) => row.id)).sort((a, b) => a - b)
}

/** The rows of a file that none of the deletes hits. */
export function survivors(file: NaiveDataFile, deletes: readonly NaiveDelete[]): readonly NaiveRow[] {
  return file.rows.filter((row, pos) => !deletes.some((each) => hits(each, file, row, pos)))
}

function hits(each: NaiveDelete, file: NaiveDataFile, row: NaiveRow, pos: number): boolean {
  if (each.kind === 'equality') {
    return (each.p === 'all' || each.p === file.p) && file.sequence < each.sequence && each.keys.has(row.key)
  }
  return (
    each.p === file.p &&
    file.sequence <= each.sequence &&
    each.positions.some((at) => at.path === file.path && at.pos === pos)
  )
}

/** The same files as manifest entries, without metrics. */
export function naiveEntries(table: NaiveTable): {
  readonly data: readonly ManifestEntry[]
  readonly deletes: readonly ManifestEntry[]
} {
  return { data: table.data.map(dataEntry), deletes: table.deletes.map(deleteEntry) }
}

function dataEntry(file: NaiveDataFile): ManifestEntry {
  return manifestEntry(file.sequence, {
    filePath: file.path,
    ...placeOf(file.p),
    recordCount: file.rows.length,
    fileSizeBytes: file.sizeBytes,
  })
}

function deleteEntry(each: NaiveDelete): ManifestEntry {
  const common = { filePath: each.path, fileSizeBytes: each.sizeBytes }
  if (each.kind === 'equality') {
    return manifestEntry(each.sequence, {
      ...common,
      ...placeOf(each.p),
      content: 'equality-deletes',
      equalityIds: [1],
      recordCount: each.keys.size,
    })
  }
  const targets = new Set(each.positions.map((at) => at.path))
  const [target] = targets
  return manifestEntry(each.sequence, {
    ...common,
    content: 'position-deletes',
    ...placeOf(each.p),
    recordCount: each.positions.length,
    ...(targets.size === 1 && target !== undefined && { referencedDataFile: target }),
  })
}

function placeOf(p: NaivePartition): Pick<ManifestEntry['file'], 'specId' | 'partition'> {
  return p === 'all' ? { specId: 1, partition: [] } : { specId: 0, partition: [p] }
}
