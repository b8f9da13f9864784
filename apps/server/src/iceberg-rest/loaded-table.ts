import { createHash } from 'node:crypto'
import type { LoadedTable } from '@moraine/catalogs/catalog'
import { metadataText } from '@moraine/catalogs/metadata-file/metadata-text'
import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { formatTableMetadata } from '@moraine/iceberg/metadata/table-metadata-json'
import { formatExactJson } from '@moraine/stdx/exact-json'
import { encodeHandedOut, type HandedOut } from './handed-out.ts'

/** Which snapshots a client asks for: all, or those that branches and tags point to. */
export type SnapshotMode = 'all' | 'refs'

/** The text of a `LoadTableResult`. What another catalog handed out for reaching the files is not passed on. */
export function formatLoadedTable(table: LoadedTable, snapshots: SnapshotMode, handed?: HandedOut): string {
  const { metadata, metadataLocation } = table
  const text = snapshots === 'all' ? metadataText(metadata) : formatTableMetadata(withoutHistory(metadata))
  const more = handed === undefined ? '' : `,${formatExactJson(encodeHandedOut(handed)).slice(1, -1)}`
  return `{"metadata-location":${JSON.stringify(metadataLocation)},"metadata":${text}${more}}`
}

/**
 * Metadata files do not change, so their location tells versions apart. An answer with credentials is another one as soon as
 * these are: a client that is told that it has the newest has credentials that are still good.
 */
export function locationEtag(metadataLocation: string, snapshots: SnapshotMode, handed?: HandedOut): string {
  const content = `${snapshots} ${metadataLocation}${handed === undefined ? '' : ` ${handed.tag}`}`
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
