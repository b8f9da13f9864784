import { createHash } from 'node:crypto'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import { metadataText } from '@moraine/catalogs/metadata-file/metadata-text'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'

/** Which snapshots a client asks for: all, or those that branches and tags point to. */
export type SnapshotMode = 'all' | 'refs'

/** The text of a `LoadTableResult`. What another catalog handed out for reaching the files is not passed on. */
export function formatLoadedTable(table: LoadedTable, snapshots: SnapshotMode): string {
  const { metadata, metadataLocation } = table
  const text = snapshots === 'all' ? metadataText(metadata) : formatTableMetadata(withoutHistory(metadata))
  return `{"metadata-location":${JSON.stringify(metadataLocation)},"metadata":${text}}`
}

/** Metadata files do not change, so their location tells versions apart. */
export function locationEtag(metadataLocation: string, snapshots: SnapshotMode): string {
  return `"${createHash('sha256').update(`${snapshots} ${metadataLocation}`).digest('base64url').slice(0, 22)}"`
}

/** Whether a client that sends this `If-None-Match` has the table as it is. */
export function isCurrent(ifNoneMatch: string, metadataLocation: string, snapshots: SnapshotMode): boolean {
  const etag = locationEtag(metadataLocation, snapshots)
  return ifNoneMatch.split(',').some((known) => known.trim().replace(/^W\//, '') === etag)
}

function withoutHistory(metadata: TableMetadata): TableMetadata {
  const referenced = new Set(Object.values(metadata.refs).map(({ snapshotId }) => snapshotId))
  return { ...metadata, snapshots: metadata.snapshots.filter(({ snapshotId }) => referenced.has(snapshotId)) }
}
