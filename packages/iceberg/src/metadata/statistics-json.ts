import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import {
  int32,
  type JsonDecoder,
  listOf,
  mapOf,
  optional,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import { snapshotId } from './snapshot-json.ts'
import type { PartitionStatisticsFile, StatisticsBlob, StatisticsFile } from './table-metadata.ts'

// Statistics files in JSON (table spec, "Table Statistics" and "Partition Statistics").

export const decodeStatisticsFile: JsonDecoder<StatisticsFile> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<StatisticsFile>({
    snapshotId: required(json, 'snapshot-id', snapshotId),
    statisticsPath: required(json, 'statistics-path', text),
    fileSizeBytes: required(json, 'file-size-in-bytes', safeInteger),
    footerSizeBytes: required(json, 'file-footer-size-in-bytes', safeInteger),
    keyMetadata: optional(json, 'key-metadata', text),
    blobs: required(json, 'blob-metadata', listOf(decodeBlob)),
  })
}

export function encodeStatisticsFile(file: StatisticsFile): JsonObject {
  return {
    'snapshot-id': file.snapshotId,
    'statistics-path': file.statisticsPath,
    'file-size-in-bytes': file.fileSizeBytes,
    'file-footer-size-in-bytes': file.footerSizeBytes,
    'key-metadata': file.keyMetadata,
    'blob-metadata': file.blobs.map(encodeBlob),
  }
}

export const decodePartitionStatisticsFile: JsonDecoder<PartitionStatisticsFile> = (value, place) => {
  const json = record(value, place)
  return {
    snapshotId: required(json, 'snapshot-id', snapshotId),
    statisticsPath: required(json, 'statistics-path', text),
    fileSizeBytes: required(json, 'file-size-in-bytes', safeInteger),
  }
}

export function encodePartitionStatisticsFile(file: PartitionStatisticsFile): JsonObject {
  return {
    'snapshot-id': file.snapshotId,
    'statistics-path': file.statisticsPath,
    'file-size-in-bytes': file.fileSizeBytes,
  }
}

const decodeBlob: JsonDecoder<StatisticsBlob> = (value, place) => {
  const json = record(value, place)
  return {
    type: required(json, 'type', text),
    snapshotId: required(json, 'snapshot-id', snapshotId),
    sequenceNumber: required(json, 'sequence-number', safeInteger),
    fields: required(json, 'fields', listOf(int32)),
    properties: optional(json, 'properties', mapOf(text)) ?? {},
  }
}

function encodeBlob(blob: StatisticsBlob): JsonObject {
  return {
    type: blob.type,
    'snapshot-id': blob.snapshotId,
    'sequence-number': blob.sequenceNumber,
    fields: blob.fields,
    properties: Object.keys(blob.properties).length === 0 ? undefined : blob.properties,
  }
}
