import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import { type FileSegment, segmentBytes } from '@moraine/iceberg/scan/file-segment'
import type { PartitionDictionary } from '@moraine/iceberg/scan/partition-dictionary'
import { CLEAN, type DeleteState } from './delete-state.ts'

/**
 * Every live file of one snapshot, as planning sees it: data files in columns, one immutable segment per manifest, and
 * the deletes of those that have any, resolved over the whole table. It is a cache, never the truth.
 */
export type FileIndex = {
  readonly partitions: PartitionDictionary
  readonly segments: readonly IndexedSegment[]
  /** Each once, also those that apply to nothing. The same delete file is the same object in all versions of an index. */
  readonly deletes: readonly ManifestEntry[]
  readonly deleteManifests: readonly DeleteManifest[]
  /** Locations of delete files that are not the table's own, where it is held to its own files. */
  readonly foreignDeletes?: ReadonlySet<string>
}

/** The live entries of one delete manifest. */
export type DeleteManifest = {
  /** Equal for manifests that are read alike. */
  readonly key: string
  readonly entries: readonly ManifestEntry[]
  /** The locations of those that are not the table's own; absent if there are none. */
  readonly foreign?: readonly string[]
}

export type IndexedSegment = {
  /** Equal for manifests that are read alike. */
  readonly key: string
  readonly files: FileSegment
  /** Absent if no file of the segment has deletes. */
  readonly deletes?: SegmentDeletes
  /** The location of the first file that is marked `FOREIGN`; absent if none is. */
  readonly foreign?: string
}

/** The rows of a segment that have deletes, ascending, and what each has. Rows with the same deletes share one state. */
export type SegmentDeletes = { readonly rows: Uint32Array; readonly states: readonly DeleteState[] }

/** A data file of an index, by segment and row. */
export type FileId = number

const ROWS_MAX = 2 ** 32

export function fileId(segment: number, row: number): FileId {
  return segment * ROWS_MAX + row
}

export function segmentOf(id: FileId): number {
  return Math.floor(id / ROWS_MAX)
}

export function rowOf(id: FileId): number {
  return id % ROWS_MAX
}

/** The deletes of a segment's rows, asked for in ascending order. */
export function deletesInOrder(deletes: SegmentDeletes | undefined): (row: number) => DeleteState {
  if (deletes === undefined) return () => CLEAN
  let next = 0
  return (row) => {
    while ((deletes.rows[next] ?? Number.POSITIVE_INFINITY) < row) next += 1
    return deletes.rows[next] === row ? (deletes.states[next] ?? CLEAN) : CLEAN
  }
}

/** Visits every file that has deletes. */
export function forEachDeleted(
  index: FileIndex,
  visit: (state: DeleteState, files: FileSegment, row: number, segment: number) => void,
): void {
  for (const [segment, { files, deletes }] of index.segments.entries()) {
    for (const [at, state] of deletes?.states.entries() ?? []) visit(state, files, deletes?.rows[at] ?? 0, segment)
  }
}

/** The memory that an index takes, about: for whoever bounds how many are kept. */
export function indexBytes(index: FileIndex): number {
  let bytes = index.partitions.size * PARTITION_BYTES + index.deletes.length * DELETE_BYTES
  for (const { files, deletes } of index.segments) {
    bytes += segmentBytes(files) + SEGMENT_BYTES + (deletes?.rows.length ?? 0) * DELETED_ROW_BYTES
  }
  return bytes
}

// Measured: objects with their texts.
const SEGMENT_BYTES = 2_000
const PARTITION_BYTES = 400
const DELETE_BYTES = 1_500
const DELETED_ROW_BYTES = 60
