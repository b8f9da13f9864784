import type { SnapshotId } from '../../metadata/snapshot.ts'
import { type ContentFile, EMPTY_METRICS, type FileMetrics } from '../content-file.ts'
import type { ManifestEntry } from '../manifest-entry.ts'
import type { ManifestFile } from '../manifest-file.ts'

/** A data file of an unpartitioned spec 0, unless told otherwise. */
export function sampleContentFile(changes: Partial<ContentFile> = {}): ContentFile {
  return {
    content: 'data',
    filePath: 's3://bucket/table/data/00000.parquet',
    fileFormat: 'parquet',
    specId: 0,
    partition: [],
    recordCount: 10,
    fileSizeBytes: 1000,
    metrics: () => EMPTY_METRICS,
    ...changes,
  }
}

/** Metrics of `columns` columns, different for each `seed`. */
export function sampleMetrics(columns: number, seed: number): FileMetrics {
  const ids = Array.from({ length: columns }, (_, index) => index + 1)
  const counts = (scale: number) => new Map(ids.map((id) => [id, (id * scale + seed) % 100_000]))
  const bounds = (last: number) => new Map(ids.map((id) => [id, Uint8Array.of(id & 0xff, seed & 0xff, last)]))
  return {
    columnSizes: counts(1000),
    valueCounts: counts(77),
    nullValueCounts: counts(1),
    nanValueCounts: new Map([[columns, seed]]),
    lowerBounds: bounds(0),
    upperBounds: bounds(255),
  }
}

export function sampleEntry(changes: Partial<ManifestEntry> = {}): ManifestEntry {
  return {
    status: 'added',
    snapshotId: asSnapshotId(1n),
    dataSequenceNumber: 1,
    fileSequenceNumber: 1,
    file: sampleContentFile(),
    ...changes,
  }
}

/** The line in a manifest list of a manifest with spec 0. */
export function sampleManifest(changes: Partial<ManifestFile> = {}): ManifestFile {
  return {
    manifestPath: 's3://bucket/table/metadata/m0.avro',
    manifestLength: 7000,
    partitionSpecId: 0,
    content: 'data',
    sequenceNumber: 5,
    minSequenceNumber: 5,
    addedSnapshotId: asSnapshotId(50n),
    addedFilesCount: 1,
    existingFilesCount: 0,
    deletedFilesCount: 0,
    addedRowsCount: 10,
    existingRowsCount: 0,
    deletedRowsCount: 0,
    partitions: [],
    ...changes,
  }
}

export function asSnapshotId(id: bigint): SnapshotId {
  return id as SnapshotId
}
