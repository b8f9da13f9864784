import { createHash } from 'node:crypto'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import { isUniqueMetadataLocation } from '@moraine/catalogs/metadata-file/metadata-file-name'
import { metadataText } from '@moraine/catalogs/metadata-file/metadata-text'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { encodeHandedOut, type HandedOut } from './handed-out.ts'

/** Which snapshots a client asks for: all, or those that branches and tags point to. */
export type SnapshotMode = 'all' | 'refs'

/**
 * A `LoadTableResult`, in pieces of which the largest is the same for all who load that state of the table: those who read
 * slowly hold it once. What another catalog handed out for reaching the files is not passed on.
 */
export function encodeLoadedTable(
  { metadata, metadataLocation }: LoadedTable,
  snapshots: SnapshotMode,
  handed?: HandedOut,
): readonly Uint8Array[] {
  const more = handed === undefined ? '' : `,${formatExactJson(encodeHandedOut(handed)).slice(1, -1)}`
  return [
    Buffer.from(`{"metadata-location":${JSON.stringify(metadataLocation)},"metadata":`),
    metadataBytes(metadata, snapshots),
    Buffer.from(`${more}}`),
  ]
}

/** Forgotten with the value, which catalogs keep only so many of. */
const encoded = new WeakMap<TableMetadata, Map<SnapshotMode, Uint8Array>>()

function metadataBytes(metadata: TableMetadata, snapshots: SnapshotMode): Uint8Array {
  const known = encoded.get(metadata) ?? new Map<SnapshotMode, Uint8Array>()
  encoded.set(metadata, known)
  const found = known.get(snapshots)
  if (found !== undefined) return found
  const text = snapshots === 'all' ? metadataText(metadata) : formatTableMetadata(withoutHistory(metadata))
  const bytes = Buffer.from(text)
  known.set(snapshots, bytes)
  return bytes
}

/**
 * What tells this state of the table from others. An answer with credentials is another one as soon as these are: a client
 * that is told that it has the newest has credentials that are still good.
 */
export function tableEtag(
  { metadata, metadataLocation }: Pick<LoadedTable, 'metadata' | 'metadataLocation'>,
  snapshots: SnapshotMode,
  handed?: HandedOut,
): string {
  const known = locationEtag(metadataLocation, snapshots, handed)
  if (known !== undefined) return known
  const content = createHash('sha256').update(metadataBytes(metadata, 'all')).digest('base64url')
  return etagOf([snapshots, metadataLocation, content], handed)
}

/**
 * The same, without the table: a file with a unique name does not change, so its location is enough. `undefined` for others:
 * `v1.metadata.json` is there again, and says something else, where a table was dropped and another one was made in its folder.
 */
export function locationEtag(
  metadataLocation: string,
  snapshots: SnapshotMode,
  handed?: HandedOut,
): string | undefined {
  return isUniqueMetadataLocation(metadataLocation) ? etagOf([snapshots, metadataLocation], handed) : undefined
}

function etagOf(parts: readonly string[], handed: HandedOut | undefined): string {
  const content = [...parts, ...(handed === undefined ? [] : [handed.tag])].join(' ')
  return `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`
}

/** Whether a client that sends this `If-None-Match` has what the tag stands for. */
export function isCurrent(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.split(',').some((known) => known.trim().replace(/^W\//, '') === etag)
}

function withoutHistory(metadata: TableMetadata): TableMetadata {
  const referenced = new Set(Object.values(metadata.refs).map(({ snapshotId }) => snapshotId))
  return { ...metadata, snapshots: metadata.snapshots.filter(({ snapshotId }) => referenced.has(snapshotId)) }
}
