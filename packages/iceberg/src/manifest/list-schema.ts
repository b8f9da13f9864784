import type { FormatVersion } from '../metadata/table-metadata.ts'
import { optional, required } from './entry-schema.ts'
import { LIST } from './field-id.ts'

/**
 * The Avro schema of a manifest list, as JSON text; like `entrySchemaText`, that of the reference implementation
 * without descriptions.
 */
export function listSchemaText(formatVersion: FormatVersion): string {
  const isV1 = formatVersion === 1
  const count = isV1 ? optional : required
  const summary = {
    type: 'record',
    name: 'r508',
    fields: [
      required(LIST.containsNull, 'contains_null', 'boolean'),
      optional(LIST.containsNan, 'contains_nan', 'boolean'),
      optional(LIST.lowerBound, 'lower_bound', 'bytes'),
      optional(LIST.upperBound, 'upper_bound', 'bytes'),
    ],
  }
  const partitions = optional(LIST.partitions, 'partitions', {
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
    required(LIST.manifestPath, 'manifest_path', 'string'),
    required(LIST.manifestLength, 'manifest_length', 'long'),
    required(LIST.partitionSpecId, 'partition_spec_id', 'int'),
    ...(isV1
      ? []
      : [
          required(LIST.content, 'content', 'int'),
          required(LIST.sequenceNumber, 'sequence_number', 'long'),
          required(LIST.minSequenceNumber, 'min_sequence_number', 'long'),
        ]),
    required(LIST.addedSnapshotId, 'added_snapshot_id', 'long'),
    ...files,
    ...(isV1 ? [partitions, ...rows] : [...rows, partitions]),
    optional(LIST.keyMetadata, 'key_metadata', 'bytes'),
    ...(formatVersion === 3 ? [optional(LIST.firstRowId, 'first_row_id', 'long')] : []),
  ]
  return JSON.stringify({ type: 'record', name: 'manifest_file', fields })
}
