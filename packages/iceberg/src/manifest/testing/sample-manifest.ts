import type { FormatVersion } from '../../metadata/table-metadata.ts'
import type { PartitionSpec } from '../../partition/partition-spec.ts'
import type { PrimitiveType } from '../../schema/type.ts'
import { ManifestWriter, type ManifestWriterOptions, type WrittenManifest } from '../manifest-writer.ts'
import { asSnapshotId } from './sample-entry.ts'

export const UNPARTITIONED: PartitionSpec = { specId: 0, fields: [] }

/** Spec 0: `day(1)`, `identity(2)`; the first name is no valid Avro name. */
export const PARTITIONED: PartitionSpec = {
  specId: 0,
  fields: [
    { fieldId: 1000, sourceIds: [1], name: 'ts.day', transform: { kind: 'day' } },
    { fieldId: 1001, sourceIds: [2], name: 'region', transform: { kind: 'identity' } },
  ],
}
export const PARTITION_TYPES: readonly PrimitiveType[] = [{ kind: 'date' }, { kind: 'string' }]

export function writerOptions(
  formatVersion: FormatVersion,
  changes: Partial<ManifestWriterOptions> = {},
): ManifestWriterOptions {
  return {
    manifestPath: 's3://bucket/table/metadata/m0.avro',
    formatVersion,
    content: 'data',
    spec: PARTITIONED,
    partitionTypes: PARTITION_TYPES,
    schemaJson: '{"type":"struct","schema-id":4,"fields":[]}',
    schemaId: 4,
    partitionFieldsJson: '[]',
    snapshotId: asSnapshotId(50n),
    ...changes,
  }
}

/** A manifest of what `fill` adds. */
export function writeManifest(options: ManifestWriterOptions, fill: (writer: ManifestWriter) => void): WrittenManifest {
  const writer = new ManifestWriter(options)
  fill(writer)
  return writer.finish()
}
