import { ownFiles, placeText } from '@moraine/catalogs/metadata-file/own-files'
import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { EntryCursor } from '@moraine/iceberg/manifest/entry-cursor'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import { entryAt } from '@moraine/iceberg/manifest/manifest-reader'
import type { Snapshot } from '@moraine/iceberg/metadata/snapshot'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { partitionKey, partitionPath } from '@moraine/iceberg/partition/partition-path'
import { tablePartitionFieldTypes } from '@moraine/iceberg/partition/partition-type'
import { withPartitions } from '@moraine/iceberg/scan/file-segment'
import { indexManifest } from '@moraine/iceberg/scan/index-manifest'
import { PartitionDictionary } from '@moraine/iceberg/scan/partition-dictionary'
import {
  mayHoldLiveFiles,
  readManifest,
  readManifestEntries,
  readManifests,
} from '@moraine/iceberg/scan/read-manifests'
import { formatPrimitiveType } from '@moraine/iceberg/schema/type-text'
import { must } from '@moraine/stdx/assert'
import type { FileIO } from '@moraine/storage/file-io'
import { type DeleteChange, DeleteResolver } from '../plan/delete-resolver.ts'
import { CLEAN, type DeleteState } from '../plan/delete-state.ts'
import type { DeleteManifest, FileIndex, IndexedSegment } from '../plan/file-index.ts'
import type { FileDescription } from '../plan/work-file.ts'
import { checkIndexFits, type LiveFiles } from './index-budget.ts'
import { mapManifests } from './map-manifests.ts'
import type { NotedFiles } from './noted-files.ts'
import { readManifestRows } from './read-rows.ts'

export type AdvanceOptions = {
  /** Of another snapshot of the table, or {@link EMPTY_INDEX}. */
  readonly known: FileIndex
  /** Gets what is read anew of files that a plan may take. */
  readonly noted: NotedFiles
  /** Whether files that do not lie in the table's own places are marked, to be left alone. */
  readonly boundsFiles: boolean
  /** Memory that the index may take. Absent: whatever there is. */
  readonly bytesMax?: number
}

export const EMPTY_INDEX: FileIndex = {
  partitions: new PartitionDictionary(),
  segments: [],
  deletes: [],
  deleteManifests: [],
}

/**
 * The index of a snapshot. Of an index of another snapshot of the table, everything is kept that this one still lists:
 * only manifests that `known` has not are read, and of the others those with files that new deletes may apply to.
 *
 * @throws {MoraineError} `corrupt` if a manifest is damaged or contradicts the manifest list, `exhausted` if the index would take
 *   more than it may
 */
export async function advanceIndex(
  io: FileIO,
  metadata: TableMetadata,
  snapshot: Snapshot,
  { known, noted, boundsFiles, bytesMax = Number.POSITIVE_INFINITY }: AdvanceOptions,
  signal?: AbortSignal,
): Promise<FileIndex> {
  const manifests = (await readManifests(io, metadata, snapshot, signal)).filter(mayHoldLiveFiles)
  checkIndexFits(claimedFiles(manifests), bytesMax)
  const isOwn = boundsFiles ? ownFiles(metadata) : undefined
  const keyOf = manifestKeys(metadata, boundsFiles ? placeText(metadata) : '')
  const deleteFiles = manifests.filter(({ content }) => content === 'deletes')
  const deleteManifests = await readDeletes(io, metadata, deleteFiles, { known, keyOf, isOwn }, signal)
  const { deletes, change } = uniqueDeletes(deleteManifests, known.deletes)
  // Lists of format version 1 need not say how many files there are.
  const found = { data: 0, deletes: deletes.length }
  checkIndexFits(found, bytesMax)
  const { partitions, segments } = compacted(known)
  const resolver = new DeleteResolver(metadata, deletes, change, partitions)
  const describe = describePartitions(metadata, partitions)
  const segmentOf = new Map(segments.map((segment) => [segment.key, segment]))
  const isFresh = (file: ManifestFile) => file.content === 'data' && !segmentOf.has(keyOf(file))
  noted.expect(manifests.filter(isFresh).reduce((sum, file) => sum + liveFilesOf(file), 0))
  const advanced = await mapManifests(
    manifests.filter(({ content }) => content === 'data'),
    async (file, inner): Promise<IndexedSegment> => {
      const key = keyOf(file)
      const segment = segmentOf.get(key)
      if (segment !== undefined) return resolveAgain(io, metadata, segment, resolver, inner)
      const read = await readSegment(io, metadata, file, { key, resolver, describe, noted, isOwn }, inner)
      found.data += read.files.length
      checkIndexFits(found, bytesMax)
      return read
    },
    signal,
  )
  const foreignDeletes = new Set(deleteManifests.flatMap(({ foreign = [] }) => foreign))
  const index = { partitions, segments: advanced, deletes, deleteManifests }
  return foreignDeletes.size === 0 ? index : { ...index, foreignDeletes }
}

/** Whether a file lies in the table's own places; absent if that is not asked. */
type IsOwn = ((file: string) => boolean) | undefined

function claimedFiles(manifests: readonly ManifestFile[]): LiveFiles {
  const claimed = (content: ManifestFile['content']) =>
    manifests.reduce((sum, file) => sum + (file.content === content ? liveFilesOf(file) : 0), 0)
  return { data: claimed('data'), deletes: claimed('deletes') }
}

function liveFilesOf({ addedFilesCount = 0, existingFilesCount = 0 }: ManifestFile): number {
  return addedFilesCount + existingFilesCount
}

/**
 * What a manifest is read as depends on its line, from which entries inherit, on the types of its partitions, and on where
 * the table keeps its files if it is held to that.
 */
function manifestKeys(metadata: TableMetadata, place: string): (file: ManifestFile) => string {
  const types = new Map(
    metadata.partitionSpecs.map((spec) => [
      spec.specId,
      tablePartitionFieldTypes(spec, metadata).map(formatPrimitiveType).join(),
    ]),
  )
  return ({ manifestPath, manifestLength, partitionSpecId, sequenceNumber, addedSnapshotId, firstRowId }) =>
    `${manifestPath} ${manifestLength} ${partitionSpecId} ${sequenceNumber} ${addedSnapshotId} ${firstRowId} ${types.get(partitionSpecId)}${place}`
}

async function readDeletes(
  io: FileIO,
  metadata: TableMetadata,
  files: readonly ManifestFile[],
  {
    known,
    keyOf,
    isOwn,
  }: { readonly known: FileIndex; readonly keyOf: (file: ManifestFile) => string; readonly isOwn: IsOwn },
  signal: AbortSignal | undefined,
): Promise<readonly DeleteManifest[]> {
  const byKey = new Map(known.deleteManifests.map((each) => [each.key, each]))
  const fresh = files.filter((file) => !byKey.has(keyOf(file)))
  const read = await readManifestEntries(io, metadata, fresh, signal)
  for (const [at, file] of fresh.entries()) {
    const key = keyOf(file)
    const entries = (read[at] ?? []).filter((entry) => entry.status !== 'deleted')
    const foreign = isOwn && entries.map((entry) => entry.file.filePath).filter((path) => !isOwn(path))
    byKey.set(key, { key, entries, ...(foreign !== undefined && foreign.length > 0 && { foreign }) })
  }
  return files.map((file) => must(byKey.get(keyOf(file)), file.manifestPath))
}

/**
 * Each delete file once, as the object by which it is known; a delete file may have moved to another manifest. Of one that
 * is listed twice the newest counts, which applies to whatever the older one does.
 */
function uniqueDeletes(
  manifests: readonly DeleteManifest[],
  known: readonly ManifestEntry[],
): { readonly deletes: readonly ManifestEntry[]; readonly change: DeleteChange } {
  const before = new Map(known.map((entry) => [contentFileKey(entry.file), entry]))
  const now = new Map<string, ManifestEntry>()
  const added: ManifestEntry[] = []
  const newestFirst = manifests
    .flatMap(({ entries }) => entries)
    .toSorted((a, b) => b.dataSequenceNumber - a.dataSequenceNumber)
  for (const entry of newestFirst) {
    const key = contentFileKey(entry.file)
    if (now.has(key)) continue
    const same = before.get(key)
    if (same === undefined || same.dataSequenceNumber !== entry.dataSequenceNumber) {
      added.push(entry)
      now.set(key, entry)
    } else now.set(key, same)
  }
  const deletes = [...now.values()]
  const live = new Set(deletes)
  return { deletes, change: { added, gone: new Set(known.filter((entry) => !live.has(entry))) } }
}

/** Numbers the partitions anew once most of those in the dictionary have no files left. */
function compacted({ partitions, segments }: FileIndex): Pick<FileIndex, 'partitions' | 'segments'> {
  if (partitions.size === 0) return { partitions: new PartitionDictionary(), segments }
  if (partitions.size <= DEAD_PARTITIONS_TOLERATED) return { partitions, segments }
  const live = new Uint8Array(partitions.size)
  for (const { files } of segments) for (const ordinal of files.partitions) live[ordinal] = 1
  const count = live.reduce((sum, each) => sum + each, 0)
  if (partitions.size <= 2 * count + DEAD_PARTITIONS_TOLERATED) return { partitions, segments }
  const fresh = new PartitionDictionary()
  const renumbered = (ordinal: number) => {
    const { key, ...partition } = partitions.at(ordinal)
    return fresh.ordinalOf(key, () => partition)
  }
  return {
    partitions: fresh,
    segments: segments.map((each) => ({ ...each, files: withPartitions(each.files, renumbered) })),
  }
}

const DEAD_PARTITIONS_TOLERATED = 1000

function describePartitions(metadata: TableMetadata, partitions: PartitionDictionary): (cursor: EntryCursor) => number {
  const specs = new Map(
    metadata.partitionSpecs.map((spec) => [spec.specId, { spec, types: tablePartitionFieldTypes(spec, metadata) }]),
  )
  return (cursor) => {
    const { specId } = cursor
    const partition = cursor.partition()
    return partitions.ordinalOf(partitionKey(specId, partition), () => {
      const { spec, types } = must(specs.get(specId), `partition spec ${specId}`)
      return { specId, partition, partitionPath: partitionPath(spec, types, partition) }
    })
  }
}

type SegmentContext = {
  readonly key: string
  readonly resolver: DeleteResolver
  readonly describe: (cursor: EntryCursor) => number
  readonly noted: NotedFiles
  readonly isOwn: IsOwn
}

async function readSegment(
  io: FileIO,
  metadata: TableMetadata,
  file: ManifestFile,
  { key, resolver, describe, noted, isOwn }: SegmentContext,
  signal: AbortSignal,
): Promise<IndexedSegment> {
  const rows: number[] = []
  const states: DeleteState[] = []
  const notedRows = new Map<number, FileDescription>()
  const stateAt = (cursor: EntryCursor, partition: number) =>
    resolver.mayReach(partition, cursor.dataSequenceNumber, () => cursor.filePathHash())
      ? resolver.resolve(entryAt(cursor))
      : CLEAN
  let foreign: string | undefined
  const isForeign = (cursor: EntryCursor) => {
    const path = cursor.filePath()
    if (isOwn?.(path) !== false) return false
    foreign ??= path
    return true
  }
  const files = await indexManifest(await readManifest(io, metadata, file, signal), {
    partitionOf: describe,
    isForeign: isOwn && isForeign,
    onRow(cursor, row, partition) {
      const state = stateAt(cursor, partition)
      noted.note(notedRows, row, cursor, state !== CLEAN)
      if (state === CLEAN) return
      rows.push(row)
      states.push(state)
    },
  })
  noted.keep(files, notedRows)
  const segment = { key, files, ...(foreign !== undefined && { foreign }) }
  return withDeletes(segment, rows.length === 0 ? undefined : { rows: Uint32Array.from(rows), states })
}

async function resolveAgain(
  io: FileIO,
  metadata: TableMetadata,
  segment: IndexedSegment,
  resolver: DeleteResolver,
  signal: AbortSignal,
): Promise<IndexedSegment> {
  const { deletes, ...bare } = segment
  const { files } = bare
  const rows = resolver.rowsToResolve(files, deletes)
  const states: DeleteState[] = []
  if (rows.length > 0) {
    await readManifestRows(
      io,
      metadata,
      files,
      rows,
      (cursor) => void states.push(resolver.resolve(entryAt(cursor))),
      signal,
    )
  }
  const merged = resolver.merge(deletes, { rows, states })
  return merged === deletes ? segment : withDeletes(bare, merged)
}

function withDeletes(segment: Omit<IndexedSegment, 'deletes'>, deletes: IndexedSegment['deletes']): IndexedSegment {
  return deletes === undefined ? segment : { ...segment, deletes }
}
