import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { DeleteState } from './delete-state.ts'
import { type FileIndex, forEachDeleted } from './file-index.ts'

/** How many rows a data file's position deletes remove from it, about. */
export type DeletedRows = (deletes: DeleteState, recordCount: number) => number

/**
 * Estimates how many rows a position delete file removes from each data file it may name: its records, shared out by
 * the data files' record counts. Counting all records against every file would rewrite files that lost few rows.
 */
export function apportionedDeletes(index: FileIndex): DeletedRows {
  const reach = new Map<ManifestEntry, number>()
  forEachDeleted(index, ({ positions }, files, row) => {
    for (const entry of positions) reach.set(entry, (reach.get(entry) ?? 0) + (files.recordCounts[row] ?? 0))
  })
  return ({ positions }, recordCount) => {
    let deleted = 0
    for (const entry of positions) {
      const rows = reach.get(entry) ?? 0
      if (rows > 0) deleted += (entry.file.recordCount * recordCount) / rows
    }
    return deleted
  }
}
