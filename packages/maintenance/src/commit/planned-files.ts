import type { AddedFile } from '@moraine/iceberg/commit/snapshot-change'
import { type ContentFile, contentFileKey, EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import type { DataInput, DeleteInput, RewriteGroup, RewritePlan } from '../plan/rewrite-plan.ts'
import type { OutputDataFile, OutputDeleteFile, RewriteResult } from '../plan/rewrite-result.ts'

/** The data files of a group as content files of the table, without metrics. */
export function inputFile(group: RewriteGroup, input: DataInput): ContentFile {
  return {
    content: 'data',
    filePath: input.filePath,
    fileFormat: input.fileFormat,
    specId: group.specId,
    partition: group.partition,
    recordCount: input.recordCount,
    fileSizeBytes: input.fileSizeBytes,
    metrics: () => EMPTY_METRICS,
  }
}

export function deleteInputKey(input: DeleteInput): string {
  return contentFileKey(deleteInputFile(input))
}

export function deleteInputFile(input: DeleteInput): ContentFile {
  const { dataSequenceNumber: _, ...file } = input
  return { ...file, metrics: () => EMPTY_METRICS }
}

export function deleteInputEntry(input: DeleteInput): ManifestEntry {
  return {
    status: 'existing',
    snapshotId: 0n as SnapshotId,
    dataSequenceNumber: input.dataSequenceNumber,
    fileSequenceNumber: input.dataSequenceNumber,
    file: deleteInputFile(input),
  }
}

/** What a verified result adds to the table. Rewritten rows keep the sequence number of the snapshot they were read from. */
export function addedFiles(plan: RewritePlan, group: RewriteGroup, result: RewriteResult): readonly AddedFile[] {
  return [
    ...result.dataFiles.map((file) => ({ file: dataFile(group, file), dataSequenceNumber: plan.baseSequenceNumber })),
    ...result.deleteFiles.map((file) => ({ file: deleteFile(group, file) })),
  ]
}

function dataFile(group: RewriteGroup, output: OutputDataFile): ContentFile {
  return {
    content: 'data',
    filePath: output.filePath,
    fileFormat: 'parquet',
    specId: (output.movedTo ?? group).specId,
    partition: (output.movedTo ?? group).partition,
    recordCount: output.recordCount,
    fileSizeBytes: output.fileSizeBytes,
    metrics: () => output.metrics,
    splitOffsets: output.splitOffsets,
    sortOrderId: output.sortOrderId,
  }
}

function deleteFile(group: RewriteGroup, output: OutputDeleteFile): ContentFile {
  return {
    content: 'position-deletes',
    filePath: output.filePath,
    fileFormat: output.fileFormat,
    specId: group.specId,
    partition: group.partition,
    recordCount: output.recordCount,
    fileSizeBytes: output.fileSizeBytes,
    metrics: () => output.metrics,
    referencedDataFile: output.referencedDataFile,
    ...(output.contentOffset !== undefined && { contentOffset: output.contentOffset }),
    ...(output.contentSizeBytes !== undefined && { contentSizeBytes: output.contentSizeBytes }),
  }
}
