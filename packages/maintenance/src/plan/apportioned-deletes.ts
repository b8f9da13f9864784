import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ScanTask } from '@moraine/iceberg/scan/delete-index'
import type { DeletedRows } from './classify-file.ts'

/**
 * Estimates how many rows a position delete file removes from each data file it may name: its records, shared out by
 * the data files' record counts. Counting all records against every file would rewrite files that lost few rows.
 */
export function apportionedDeletes(tasks: readonly ScanTask[]): DeletedRows {
  const reach = new Map<string, number>()
  for (const task of tasks) {
    for (const entry of task.deletes) {
      if (entry.file.content !== 'position-deletes') continue
      const key = contentFileKey(entry.file)
      reach.set(key, (reach.get(key) ?? 0) + task.data.file.recordCount)
    }
  }
  return (deleteEntry, dataEntry) => {
    const rows = reach.get(contentFileKey(deleteEntry.file)) ?? 0
    return rows === 0 ? 0 : (deleteEntry.file.recordCount * dataEntry.file.recordCount) / rows
  }
}
