import type { FormatVersion } from '../metadata/table-metadata.ts'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { ENTRY } from './field-id.ts'
import { partitionAvroRecord } from './partition-avro-type.ts'

/**
 * The Avro schema of a manifest, as JSON text. Order, names and ids are those of the reference implementation, so that
 * readers which resolve by name or position find what they expect; descriptions are left out.
 */
export function entrySchemaText(
  formatVersion: FormatVersion,
  spec: PartitionSpec,
  partitionTypes: readonly PrimitiveType[],
): string {
  const fields = [
    requiredField(ENTRY.status, 'status', 'int'),
    optionalField(ENTRY.snapshotId, 'snapshot_id', 'long'),
    ...(formatVersion === 1
      ? []
      : [
          optionalField(ENTRY.dataSequenceNumber, 'sequence_number', 'long'),
          optionalField(ENTRY.fileSequenceNumber, 'file_sequence_number', 'long'),
        ]),
    requiredField(ENTRY.dataFile, 'data_file', {
      type: 'record',
      name: 'r2',
      fields: dataFileFields(formatVersion, partitionAvroRecord(spec, partitionTypes)),
    }),
  ]
  return JSON.stringify({ type: 'record', name: 'manifest_entry', fields })
}

function dataFileFields(formatVersion: FormatVersion, partition: object): readonly object[] {
  const isV1 = formatVersion === 1
  return [
    ...(isV1 ? [] : [requiredField(ENTRY.content, 'content', 'int')]),
    requiredField(ENTRY.filePath, 'file_path', 'string'),
    requiredField(ENTRY.fileFormat, 'file_format', 'string'),
    requiredField(ENTRY.partition, 'partition', partition),
    requiredField(ENTRY.recordCount, 'record_count', 'long'),
    requiredField(ENTRY.fileSizeBytes, 'file_size_in_bytes', 'long'),
    ...(isV1 ? [requiredField(ENTRY.blockSizeBytes, 'block_size_in_bytes', 'long')] : []),
    optionalField(ENTRY.columnSizes, 'column_sizes', mapByFieldId(117, 118, 'long')),
    optionalField(ENTRY.valueCounts, 'value_counts', mapByFieldId(119, 120, 'long')),
    optionalField(ENTRY.nullValueCounts, 'null_value_counts', mapByFieldId(121, 122, 'long')),
    optionalField(ENTRY.nanValueCounts, 'nan_value_counts', mapByFieldId(138, 139, 'long')),
    optionalField(ENTRY.lowerBounds, 'lower_bounds', mapByFieldId(126, 127, 'bytes')),
    optionalField(ENTRY.upperBounds, 'upper_bounds', mapByFieldId(129, 130, 'bytes')),
    optionalField(ENTRY.keyMetadata, 'key_metadata', 'bytes'),
    optionalField(ENTRY.splitOffsets, 'split_offsets', { type: 'array', items: 'long', 'element-id': 133 }),
    ...(isV1
      ? []
      : [optionalField(ENTRY.equalityIds, 'equality_ids', { type: 'array', items: 'int', 'element-id': 136 })]),
    optionalField(ENTRY.sortOrderId, 'sort_order_id', 'int'),
    ...(formatVersion === 3 ? [optionalField(ENTRY.firstRowId, 'first_row_id', 'long')] : []),
    ...(isV1 ? [] : [optionalField(ENTRY.referencedDataFile, 'referenced_data_file', 'string')]),
    ...(formatVersion === 3
      ? [
          optionalField(ENTRY.contentOffset, 'content_offset', 'long'),
          optionalField(ENTRY.contentSizeBytes, 'content_size_in_bytes', 'long'),
        ]
      : []),
  ]
}

export function requiredField(fieldId: number, name: string, type: object | string): object {
  return { name, type, 'field-id': fieldId }
}

export function optionalField(fieldId: number, name: string, type: object | string): object {
  return { name, type: ['null', type], default: null, 'field-id': fieldId }
}

/** A map with int keys, which Avro lacks: an array of key-value records. */
function mapByFieldId(keyId: number, valueId: number, values: 'long' | 'bytes'): object {
  const fields = [requiredField(keyId, 'key', 'int'), requiredField(valueId, 'value', values)]
  return { type: 'array', items: { type: 'record', name: `k${keyId}_v${valueId}`, fields }, logicalType: 'map' }
}
