import { must } from '@moraine/stdx/assert'
import type { EntryCursor } from '../manifest/entry-cursor.ts'
import type { Manifest } from '../manifest/manifest-reader.ts'
import { type FileSegment, SegmentBuilder } from './file-segment.ts'
import { ManifestCounts } from './manifest-counts.ts'

export type IndexManifestOptions = {
  /** The partition of the entry that the cursor stands on; asked once per different tuple. */
  readonly partitionOf: (cursor: EntryCursor) => number
  /** Called at every live file, after its row is added. */
  readonly onRow?: (cursor: EntryCursor, row: number, partition: number) => void
}

/**
 * Reads the live files of a data manifest into columns.
 *
 * @throws {MoraineError} `corrupt` if the manifest is damaged, or its counts are not those of the manifest list.
 */
export function indexManifest({ file, cursor: open }: Manifest, options: IndexManifestOptions): FileSegment {
  const cursor = open()
  const counts = new ManifestCounts()
  const rows = new SegmentBuilder((file.addedFilesCount ?? 0) + (file.existingFilesCount ?? 0))
  const partitions = new Map<string, number>()
  let run = 0
  let partition = 0
  while (cursor.next()) {
    counts.add(cursor.status, cursor.recordCount)
    if (cursor.status === 'deleted') continue
    if (cursor.partitionRun !== run) {
      run = cursor.partitionRun
      const encoded = cursor.encodedPartition()
      const known = partitions.get(encoded)
      partition = known ?? options.partitionOf(cursor)
      if (known === undefined) partitions.set(encoded, partition)
    }
    rows.add(cursor, partition)
    options.onRow?.(cursor, rows.length - 1, partition)
  }
  counts.check(file)
  return rows.finish(file)
}

/** Moves a cursor of the segment's manifest to the entry of a row. */
export function moveToRow(cursor: EntryCursor, segment: FileSegment, row: number, blockOffset: number): void {
  const entryOffset = must(segment.entryOffsets[row], `row ${row} of ${segment.manifest.manifestPath}`)
  const firstRowId = segment.manifest.firstRowId === undefined ? undefined : segment.firstRowIds?.[row]
  cursor.moveTo(blockOffset, entryOffset, firstRowId)
}
