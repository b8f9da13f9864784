import type { EntryCursor } from '@moraine/iceberg/manifest/entry-cursor'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { FileSegment } from '@moraine/iceberg/scan/file-segment'
import { visitRows } from '@moraine/iceberg/scan/index-manifest'
import { readManifest } from '@moraine/iceberg/scan/read-manifests'
import type { FileIO } from '@moraine/storage/file-io'
import { type FileId, type FileIndex, rowOf, segmentOf } from '../plan/file-index.ts'
import type { FileDescription } from '../plan/work-file.ts'
import { mapManifests } from './map-manifests.ts'
import { descriptionAt, type NotedFiles } from './noted-files.ts'

/** Reads a segment's manifest again and visits some of its rows, in ascending order. */
export async function readManifestRows(
  io: FileIO,
  metadata: TableMetadata,
  files: FileSegment,
  rows: readonly number[],
  visit: (cursor: EntryCursor, row: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const manifest = await readManifest(io, metadata, files.manifest, signal)
  await visitRows(manifest, files, rows, visit)
}

/** What plans say of files, read from their manifests where it was not `noted`; the ids ascend. */
export async function describeFiles(
  io: FileIO,
  metadata: TableMetadata,
  index: FileIndex,
  ids: readonly FileId[],
  noted: NotedFiles,
  signal?: AbortSignal,
): Promise<readonly FileDescription[]> {
  const descriptions = new Array<FileDescription>(ids.length)
  const bySegment = new Map<FileSegment, { rows: number[]; places: number[] }>()
  for (const [place, id] of ids.entries()) {
    const files = index.segments[segmentOf(id)]?.files
    if (files === undefined) continue
    const known = noted.find(files, rowOf(id))
    if (known !== undefined) {
      descriptions[place] = known
      continue
    }
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
      await readManifestRows(
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
