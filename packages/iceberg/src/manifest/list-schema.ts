import type { FormatVersion } from '../metadata/table-metadata.ts'
import { optionalField, requiredField } from './entry-schema.ts'
import { LIST } from './field-id.ts'

/**
 * The Avro schema of a manifest list, as JSON text; like `entrySchemaText`, that of the reference implementation
 * without descriptions.
 */
export function listSchemaText(formatVersion: FormatVersion): string {
  const isV1 = formatVersion === 1
  const count = isV1 ? optionalField : requiredField
  const summary = {
    type: 'record',
    name: 'r508',
    fields: [
      requiredField(LIST.containsNull, 'contains_null', 'boolean'),
      optionalField(LIST.containsNan, 'contains_nan', 'boolean'),
      optionalField(LIST.lowerBound, 'lower_bound', 'bytes'),
      optionalField(LIST.upperBound, 'upper_bound', 'bytes'),
    ],
  }
  const partitions = optionalField(LIST.partitions, 'partitions', {
    type: 'array',
    items: summary,
    'element-id': LIST.partitionsElement,
  })
  const files = [
    count(LIST.addedFilesCount, 'added_files_count', 'int'),
    count(LIST.existingFilesCount, 'existing_files_count', 'int'),
    count(LIST.deletedFilesCount, 'deleted_files_count', 'int'),
  ]
  const rows = [
    count(LIST.addedRowsCount, 'added_rows_count', 'long'),
    count(LIST.existingRowsCount, 'existing_rows_count', 'long'),
    count(LIST.deletedRowsCount, 'deleted_rows_count', 'long'),
  ]
  const fields = [
    requiredField(LIST.manifestPath, 'manifest_path', 'string'),
    requiredField(LIST.manifestLength, 'manifest_length', 'long'),
    requiredField(LIST.partitionSpecId, 'partition_spec_id', 'int'),
    ...(isV1
      ? []
      : [
          requiredField(LIST.content, 'content', 'int'),
          requiredField(LIST.sequenceNumber, 'sequence_number', 'long'),
          requiredField(LIST.minSequenceNumber, 'min_sequence_number', 'long'),
        ]),
    requiredField(LIST.addedSnapshotId, 'added_snapshot_id', 'long'),
    ...files,
    ...(isV1 ? [partitions, ...rows] : [...rows, partitions]),
    optionalField(LIST.keyMetadata, 'key_metadata', 'bytes'),
    ...(formatVersion === 3 ? [optionalField(LIST.firstRowId, 'first_row_id', 'long')] : []),
  ]
  return JSON.stringify({ type: 'record', name: 'manifest_file', fields })
}
