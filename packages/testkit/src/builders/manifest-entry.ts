import { type ContentFile, EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'

/** A live entry of sequence number `sequence`: by default a Parquet data file of an unpartitioned table. */
export function manifestEntry(
  sequence: number,
  file: Partial<ContentFile> & Pick<ContentFile, 'filePath'>,
): ManifestEntry {
  return {
    status: 'existing',
    snapshotId: BigInt(sequence) as SnapshotId,
    dataSequenceNumber: sequence,
    fileSequenceNumber: sequence,
    file: {
      content: 'data',
      fileFormat: 'parquet',
      specId: 0,
      partition: [],
      recordCount: 1,
      fileSizeBytes: 1,
      metrics: () => EMPTY_METRICS,
      ...file,
    },
  }
}
