import type { LoadedTable } from '@moraine/catalogs/catalog'
import type { Snapshot, SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { isAncestor } from '@moraine/iceberg/metadata/snapshot-history'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { parseTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { mapBounded } from '@moraine/stdx/bounded'
import { isKind } from '@moraine/stdx/error'
import type { FileIO, FileStatus } from '@moraine/storage/file-io'

/** A snapshot of the table; without its id, the last one with that sequence number. */
export type HistoryStart = { readonly snapshotId?: SnapshotId; readonly sequenceNumber: number }

/** `isComplete`: every snapshot that was committed since is among these. */
export type HistorySince = { readonly snapshots: readonly Snapshot[]; readonly isComplete: boolean }

/**
 * What was committed to a table since. Some catalogs show no snapshot but the current one (Nessie): the others are then
 * taken from the metadata files of earlier commits, which lie beside the current one. Snapshots of a table are numbered
 * without a gap from format version 2 on (table spec, "Sequence Numbers"), so that it can be told whether one is missing,
 * and that of two with one number one was never committed.
 */
export async function historySince(
  start: HistoryStart,
  table: Pick<LoadedTable, 'metadata' | 'metadataLocation'>,
  io: FileIO,
  signal?: AbortSignal,
): Promise<HistorySince> {
  const { metadata } = table
  const { snapshots } = metadata
  if (isShown(start, metadata)) return { snapshots, isComplete: true }
  if (metadata.formatVersion < 2 || metadata.lastSequenceNumber - start.sequenceNumber > HIDDEN_MAX) {
    return { snapshots, isComplete: false }
  }
  const hidden = await findHidden(start, table, io, signal)
  const all = [...snapshots, ...hidden]
  return { snapshots: all, isComplete: hasEveryNumber(start, metadata, all) }
}

/** Beyond it nobody looks for a commit of ours among those of others. */
const HIDDEN_MAX = 500
const FILES_MAX = 1_000
const FILES_AT_A_TIME = 8

function isShown(start: HistoryStart, metadata: TableMetadata): boolean {
  const { snapshotId } = start
  if (snapshotId !== undefined && isAncestor(metadata, snapshotId)) return true
  return metadata.formatVersion >= 2 && hasEveryNumber(start, metadata, metadata.snapshots)
}

function hasEveryNumber(
  { sequenceNumber: start }: HistoryStart,
  { lastSequenceNumber }: TableMetadata,
  snapshots: readonly Snapshot[],
): boolean {
  const numbers = new Set(snapshots.map(({ sequenceNumber }) => sequenceNumber))
  for (let number = start + 1; number <= lastSequenceNumber; number += 1) if (!numbers.has(number)) return false
  return true
}

/** Snapshots that the table does not show, each the only one known with its number. */
async function findHidden(
  start: HistoryStart,
  { metadata, metadataLocation }: Pick<LoadedTable, 'metadata' | 'metadataLocation'>,
  io: FileIO,
  signal: AbortSignal | undefined,
): Promise<readonly Snapshot[]> {
  const files = await metadataFilesBeside(metadataLocation, io, signal)
  const found = new Map<SnapshotId, Snapshot>()
  // From the newest back, until one is older than what is looked for.
  for (let at = 0; at < files.length; at += FILES_AT_A_TIME) {
    const batch = files.slice(at, at + FILES_AT_A_TIME)
    const read = await mapBounded(batch, FILES_AT_A_TIME, (file, inner) => readMetadata(file, io, inner), signal)
    const own = read.filter((each) => each !== undefined && each.tableUuid === metadata.tableUuid)
    for (const each of own) for (const snapshot of each?.snapshots ?? []) found.set(snapshot.snapshotId, snapshot)
    if (own.some((each) => each !== undefined && each.lastSequenceNumber <= start.sequenceNumber)) break
  }
  const isWanted = ({ sequenceNumber }: Snapshot) =>
    sequenceNumber > start.sequenceNumber && sequenceNumber <= metadata.lastSequenceNumber
  const byNumber = Map.groupBy([...found.values()].filter(isWanted), ({ sequenceNumber }) => sequenceNumber)
  const shown = new Set(metadata.snapshots.map(({ sequenceNumber }) => sequenceNumber))
  return [...byNumber].flatMap(([number, [only, ...others]]) =>
    only === undefined || others.length > 0 || shown.has(number) ? [] : [only],
  )
}

/** The newest first. None where files cannot be listed. */
async function metadataFilesBeside(
  metadataLocation: string,
  io: FileIO,
  signal: AbortSignal | undefined,
): Promise<readonly FileStatus[]> {
  const files: FileStatus[] = []
  try {
    for await (const file of io.list(metadataLocation.slice(0, metadataLocation.lastIndexOf('/') + 1), signal)) {
      if (/\.metadata\.json(\.gz)?$|\.gz\.metadata\.json$/.test(file.location)) files.push(file)
    }
  } catch (error) {
    if (!isKind(error, 'permission') && !isKind(error, 'unsupported')) throw error
  }
  return files.sort((a, b) => b.modifiedAt - a.modifiedAt).slice(0, FILES_MAX)
}

/** `undefined` for a file that is gone meanwhile, or that nobody can read. */
async function readMetadata(
  { location }: FileStatus,
  io: FileIO,
  signal: AbortSignal,
): Promise<TableMetadata | undefined> {
  try {
    return parseTableMetadata(await io.read(location, signal), location)
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'corrupt') || isKind(error, 'unsupported')) return undefined
    throw error
  }
}
