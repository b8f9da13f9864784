import type { ByteSink } from '@moraine/avro/byte-sink'
import { MoraineError } from '@moraine/stdx/error'
import type { FormatVersion } from '../metadata/table-metadata.ts'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { type ContentFile, isDeletionVector } from './content-file.ts'
import { encodeBounds, encodeCounts } from './file-metrics.ts'
import {
  encodeOptionalBigLong,
  encodeOptionalBytes,
  encodeOptionalList,
  encodeOptionalLong,
  encodeOptionalString,
} from './optional-encoding.ts'
import { compilePartitionEncoder } from './partition-encoder.ts'

/** Writes the `data_file` record that `entrySchemaText` declares for the format version. */
export type DataFileEncoder = (file: ContentFile, sink: ByteSink) => void

/** The encoder throws `invalid-input` for a file that the format version or the spec cannot express. */
export function compileDataFileEncoder(
  formatVersion: FormatVersion,
  spec: PartitionSpec,
  partitionTypes: readonly PrimitiveType[],
): DataFileEncoder {
  const encodePartition = compilePartitionEncoder(spec, partitionTypes)
  return (file, sink) => {
    checkExpressible(file, formatVersion, spec)
    if (formatVersion > 1) sink.writeLong(CONTENT_CODE[file.content])
    sink.writeString(file.filePath)
    sink.writeString(file.fileFormat.toUpperCase())
    encodePartition(file.partition, sink)
    sink.writeLong(file.recordCount)
    sink.writeLong(file.fileSizeBytes)
    if (formatVersion === 1) sink.writeLong(V1_BLOCK_SIZE_BYTES)
    encodeMetrics(file, sink)
    encodeOptionalBytes(sink, file.keyMetadata)
    encodeOptionalList(sink, file.splitOffsets)
    if (formatVersion > 1) encodeOptionalList(sink, file.equalityIds)
    encodeOptionalLong(sink, file.sortOrderId)
    if (formatVersion === 3) encodeOptionalBigLong(sink, file.content === 'data' ? file.firstRowId : undefined)
    if (formatVersion > 1) encodeOptionalString(sink, file.referencedDataFile)
    if (formatVersion === 3) {
      encodeOptionalLong(sink, file.contentOffset)
      encodeOptionalLong(sink, file.contentSizeBytes)
    }
  }
}

const CONTENT_CODE = { data: 0, 'position-deletes': 1, 'equality-deletes': 2 } as const

// Required by v1 readers and used by none; the reference implementation writes the same.
const V1_BLOCK_SIZE_BYTES = 64 << 20

function checkExpressible(file: ContentFile, formatVersion: FormatVersion, spec: PartitionSpec): void {
  const refuse = (why: string) => new MoraineError('invalid-input', `${file.filePath} cannot be listed: ${why}`)
  if (file.specId !== spec.specId) {
    throw refuse(`it has partition spec ${file.specId}, its manifest has ${spec.specId}`)
  }
  if (file.recordCount < 0 || file.fileSizeBytes < 0) throw refuse('its record count or size is negative')
  if (formatVersion === 1 && file.content !== 'data') throw refuse('tables of format version 1 have no delete files')
  if (file.content === 'equality-deletes' && file.equalityIds === undefined) throw refuse('it has no equality ids')
  if (!isDeletionVector(file)) return
  if (formatVersion < 3) throw refuse(`tables of format version ${formatVersion} have no deletion vectors`)
  const { referencedDataFile, contentOffset, contentSizeBytes } = file
  if (referencedDataFile === undefined || contentOffset === undefined || contentSizeBytes === undefined) {
    throw refuse('a deletion vector needs a referenced data file, an offset and a size')
  }
}

function encodeMetrics(file: ContentFile, sink: ByteSink): void {
  const metrics = file.metrics()
  encodeCounts(sink, metrics.columnSizes)
  encodeCounts(sink, metrics.valueCounts)
  encodeCounts(sink, metrics.nullValueCounts)
  encodeCounts(sink, metrics.nanValueCounts)
  encodeBounds(sink, metrics.lowerBounds)
  encodeBounds(sink, metrics.upperBounds)
}
