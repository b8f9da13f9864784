import { must } from '@moraine/stdx/assert'
import type { EntryCursor } from '../manifest/entry-cursor.ts'
import type { Manifest } from '../manifest/manifest-reader.ts'
import { blockOffsetOf, type FileSegment, SegmentBuilder } from './file-segment.ts'
import { visitLiveEntries } from './visit-live-entries.ts'

export type IndexManifestOptions = {
  /** The partition of the entry that the cursor stands on; asked once per different tuple. */
  readonly partitionOf: (cursor: EntryCursor) => number
  /** Whether the file that the cursor stands on lies elsewhere than the table's own; none does if absent. */
  readonly isForeign?: ((cursor: EntryCursor) => boolean) | undefined
  /** Called at every live file, after its row is added. */
  readonly onRow?: (cursor: EntryCursor, row: number, partition: number) => void
}

/**
 * Reads the live files of a data manifest into columns.
 *
 * @throws {MoraineError} `corrupt` if the manifest is damaged, or its counts are not those of the manifest list.
 */
export async function indexManifest(manifest: Manifest, options: IndexManifestOptions): Promise<FileSegment> {
  const { file } = manifest
  const rows = new SegmentBuilder((file.addedFilesCount ?? 0) + (file.existingFilesCount ?? 0))
  const partitionOf = partitionLookup(options.partitionOf)
  await visitLiveEntries(manifest, (cursor) => {
    const partition = partitionOf(cursor)
    rows.add(cursor, partition, options.isForeign?.(cursor))
    options.onRow?.(cursor, rows.length - 1, partition)
  })
  return rows.finish(file)
}

/** Asks once per tuple as it is encoded, and looks even that up only where it changes. */
function partitionLookup(partitionOf: IndexManifestOptions['partitionOf']): (cursor: EntryCursor) => number {
  const known = new Map<string, number>()
  let run = 0
  let partition = 0
  return (cursor) => {
    if (cursor.partitionRun === run) return partition
    run = cursor.partitionRun
    const encoded = cursor.encodedPartition()
    partition = known.get(encoded) ?? partitionOf(cursor)
    known.set(encoded, partition)
    return partition
  }
}

/** Visits some rows of the segment of a manifest, in ascending order, with the cursor on the entry of each. */
export async function visitRows(
  manifest: Manifest,
  segment: FileSegment,
  rows: readonly number[],
  visit: (cursor: EntryCursor, row: number) => void,
): Promise<void> {
  const byBlock = Map.groupBy(rows, (row) => blockOffsetOf(segment, row))
  const cursor = manifest.cursor()
  for await (const block of manifest.blocksAhead(byBlock.keys())) {
    cursor.enterBlock(block)
    for (const row of byBlock.get(block.offset) ?? []) {
      const entryOffset = must(segment.entryOffsets[row], `row ${row} of ${segment.manifest.manifestPath}`)
      cursor.moveTo(entryOffset, segment.firstRowIds?.[row])
      visit(cursor, row)
    }
  }
}
