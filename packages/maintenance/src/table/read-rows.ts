import type { EntryCursor } from '@moraine/iceberg/manifest/entry-cursor'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { blockOffsetOf, type FileSegment } from '@moraine/iceberg/scan/file-segment'
import { moveToRow } from '@moraine/iceberg/scan/index-manifest'
import { readManifest } from '@moraine/iceberg/scan/read-manifests'
import type { FileIO } from '@moraine/storage/file-io'
import { type FileId, type FileIndex, rowOf, segmentOf } from '../plan/file-index.ts'
import type { FileDescription } from '../plan/work-file.ts'
import { mapManifests } from './map-manifests.ts'

/**
 * Reads a segment's manifest again and visits some of its rows, in the order given; best ascending, since a block is
 * decompressed whenever the row before lies in another. `visit` may answer false to stop.
 */
export async function readRows(
  io: FileIO,
  metadata: TableMetadata,
  files: FileSegment,
  rows: Iterable<number>,
  visit: (cursor: EntryCursor, row: number) => unknown,
  signal?: AbortSignal,
): Promise<void> {
  const cursor = (await readManifest(io, metadata, files.manifest, signal)).cursor()
  for (const row of rows) {
    moveToRow(cursor, files, row, blockOffsetOf(files, row))
    if (visit(cursor, row) === false) return
  }
}

/** What plans say of files, in the order of their ids. */
export async function describeFiles(
  io: FileIO,
  metadata: TableMetadata,
  index: FileIndex,
  ids: readonly FileId[],
  signal?: AbortSignal,
): Promise<readonly FileDescription[]> {
  const descriptions = new Array<FileDescription>(ids.length)
  const bySegment = new Map<FileSegment, { rows: number[]; places: number[] }>()
  for (const [place, id] of ids.entries()) {
    const files = index.segments[segmentOf(id)]?.files
    if (files === undefined) continue
    const asked = bySegment.get(files) ?? { rows: [], places: [] }
    if (asked.rows.length === 0) bySegment.set(files, asked)
    asked.rows.push(rowOf(id))
    asked.places.push(place)
  }
  const segments = [...bySegment]
  await mapManifests(
    segments.map(([files]) => files.manifest),
    async (_, inner, at) => {
      const [files, { rows, places }] = segments[at] ?? [undefined, { rows: [], places: [] }]
      if (files === undefined) return
      let next = 0
      await readRows(
        io,
        metadata,
        files,
        rows,
        (cursor) => {
          descriptions[places[next] ?? 0] = descriptionAt(cursor)
          next += 1
        },
        inner,
      )
    },
    signal,
  )
  return descriptions
}

function descriptionAt(cursor: EntryCursor): FileDescription {
  const splitOffsets = cursor.splitOffsets()
  return {
    filePath: cursor.filePath(),
    fileFormat: cursor.fileFormat,
    recordCount: cursor.recordCount,
    fileSizeBytes: cursor.fileSizeBytes,
    dataSequenceNumber: cursor.dataSequenceNumber,
    ...(cursor.sortOrderId !== undefined && { sortOrderId: cursor.sortOrderId }),
    ...(splitOffsets !== undefined && { splitOffsets }),
    ...(cursor.firstRowId !== undefined && { firstRowId: cursor.firstRowId }),
  }
}
