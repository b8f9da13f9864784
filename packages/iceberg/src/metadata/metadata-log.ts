import type { MetadataLogEntry } from './snapshot.ts'
import type { TableMetadata } from './table-metadata.ts'
import { tableProperty } from './table-properties.ts'

/**
 * The log with the file of the state before added, and the oldest left out beyond `write.metadata.previous-versions-max`
 * of the new state.
 */
export function extendedMetadataLog(
  base: TableMetadata,
  baseLocation: string,
  properties: TableMetadata['properties'],
): readonly MetadataLogEntry[] {
  const most = Math.max(1, tableProperty(properties, 'write.metadata.previous-versions-max'))
  return [...base.metadataLog, { timestampMs: base.lastUpdatedMs, metadataFile: baseLocation }].slice(-most)
}
