import { contentFileKey } from '@moraine/iceberg/manifest/content-file'
import type { ManifestEntry } from '@moraine/iceberg/manifest/manifest-entry'
import type { ManifestFile } from '@moraine/iceberg/manifest/manifest-file'
import { pathHashOf } from '@moraine/iceberg/manifest/path-hash'
import type { SnapshotId } from '@moraine/iceberg/metadata/snapshot'
import { partitionKey } from '@moraine/iceberg/partition/partition-path'
import type { ScanTask } from '@moraine/iceberg/scan/delete-index'
import { SegmentBuilder } from '@moraine/iceberg/scan/file-segment'
import { PartitionDictionary } from '@moraine/iceberg/scan/partition-dictionary'
import { must } from '@moraine/stdx/assert'
import { deleteStateOf } from '../delete-state.ts'
import { type FileId, type FileIndex, type IndexedSegment, rowOf, segmentOf } from '../file-index.ts'
import type { FileDescription } from '../work-file.ts'

const ROWS_PER_SEGMENT = 5

/** An index of data files whose deletes are known, as if they had been read from manifests of a few files each. */
export function indexOfTasks(tasks: readonly ScanTask[], deletes: readonly ManifestEntry[] = []): FileIndex {
  const unique = new Map<string, ManifestEntry>()
  const once = (entry: ManifestEntry): ManifestEntry => {
    const key = contentFileKey(entry.file)
    const known = unique.get(key) ?? entry
    unique.set(key, known)
    return known
  }
  deletes.forEach(once)
  const partitions = new PartitionDictionary()
  const segments: IndexedSegment[] = []
  for (let at = 0; at < tasks.length; at += ROWS_PER_SEGMENT) {
    const rows = tasks.slice(at, at + ROWS_PER_SEGMENT)
    segments.push(
      segmentOfTasks(
        rows.map((task) => ({ data: task.data, deletes: task.deletes.map(once) })),
        partitions,
      ),
    )
  }
  return { partitions, segments, deletes: [...unique.values()], deleteManifests: [] }
}

/** Answers what a planning asks about files of such an index. */
export function describeTasks(tasks: readonly ScanTask[], ids: readonly FileId[]): readonly FileDescription[] {
  return ids.map((id) => {
    const { data } = must(tasks[segmentOf(id) * ROWS_PER_SEGMENT + rowOf(id)], `file ${id}`)
    const { filePath, fileFormat, recordCount, fileSizeBytes } = data.file
    return { filePath, fileFormat, recordCount, fileSizeBytes, dataSequenceNumber: data.dataSequenceNumber }
  })
}

function segmentOfTasks(tasks: readonly ScanTask[], partitions: PartitionDictionary): IndexedSegment {
  const builder = new SegmentBuilder(1)
  for (const { data } of tasks) {
    const { specId, partition, filePath } = data.file
    const ordinal = partitions.ordinalOf(partitionKey(specId, partition), () => ({
      specId,
      partition,
      partitionPath: partition.map((value) => `p=${value}`).join('/'),
    }))
    const row = {
      fileSizeBytes: data.file.fileSizeBytes,
      recordCount: data.file.recordCount,
      dataSequenceNumber: data.dataSequenceNumber,
      sortOrderId: data.file.sortOrderId,
      fileFormat: data.file.fileFormat,
      isEncrypted: data.file.keyMetadata !== undefined,
      firstRowId: data.file.firstRowId,
      blockOffset: 0,
      entryOffset: 0,
      filePathHash: () => pathHashOf(filePath),
    }
    builder.add(row, ordinal)
  }
  const rows = [...tasks.keys()].filter((row) => tasks[row]?.deletes.length !== 0)
  const states = rows.map((row) => {
    const { data, deletes } = must(tasks[row], 'task')
    return deleteStateOf(deletes, data.file.filePath)
  })
  const files = builder.finish(MANIFEST)
  return rows.length === 0 ? { key: '', files } : { key: '', files, deletes: { rows: Uint32Array.from(rows), states } }
}

const MANIFEST: ManifestFile = {
  manifestPath: '/t/metadata/m.avro',
  manifestLength: 0,
  partitionSpecId: 0,
  content: 'data',
  sequenceNumber: 1,
  minSequenceNumber: 0,
  addedSnapshotId: 1n as SnapshotId,
  partitions: [],
}
