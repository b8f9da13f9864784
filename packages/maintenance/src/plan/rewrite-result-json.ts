import type { FileMetrics } from '@moraine/iceberg/manifest/content-file'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { formatExactJson, type JsonObject, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import {
  failAt,
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
import { decodePartition, encodePartition } from './literal-json.ts'
import { decodeMethod } from './rewrite-plan-json.ts'
import type {
  CopiedRange,
  OutputDataFile,
  OutputDeleteFile,
  RewriteCost,
  RewriteEvidence,
  RewriteResult,
} from './rewrite-result.ts'
import { oneOf } from './word.ts'

/** The result as it travels back from an optimizer. */
export function formatRewriteResult(result: RewriteResult): string {
  return formatExactJson({
    ...result,
    dataFiles: result.dataFiles.map(encodeDataFile),
    deleteFiles: result.deleteFiles.map((file) => ({ ...file, metrics: encodeMetrics(file.metrics) })),
  })
}

/** @throws {MoraineError} `invalid-input` naming the field; of another version, the version */
export function parseRewriteResult(json: string): RewriteResult {
  return decodeRewriteResult(parseExactJson(json, 'task result'), { document: 'task result', kind: 'invalid-input' })
}

const decodeRewriteResult: JsonDecoder<RewriteResult> = (value, place) => {
  const json = record(value, place)
  const resultVersion = required(json, 'resultVersion', int32)
  if (resultVersion !== 1) failAt(place, `is of result version ${resultVersion}; version 1 is known`)
  return {
    resultVersion: 1,
    groupId: required(json, 'groupId', int32),
    method: required(json, 'method', decodeMethod),
    dataFiles: required(json, 'dataFiles', listOf(decodeDataFile)),
    deleteFiles: required(json, 'deleteFiles', listOf(decodeDeleteFile)),
    evidence: required(json, 'evidence', decodeEvidence),
    cost: required(json, 'cost', decodeCost),
  }
}

function encodeDataFile({ movedTo, metrics, ...file }: OutputDataFile): JsonObject {
  return {
    ...file,
    ...(movedTo !== undefined && { movedTo: { ...movedTo, partition: encodePartition(movedTo.partition) } }),
    metrics: encodeMetrics(metrics),
  }
}

const decodeDataFile: JsonDecoder<OutputDataFile> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<OutputDataFile>({
    filePath: required(json, 'filePath', text),
    recordCount: required(json, 'recordCount', safeInteger),
    fileSizeBytes: required(json, 'fileSizeBytes', safeInteger),
    splitOffsets: required(json, 'splitOffsets', listOf(safeInteger)),
    sortOrderId: required(json, 'sortOrderId', int32),
    movedTo: optional(json, 'movedTo', decodePlace),
    metrics: required(json, 'metrics', decodeMetrics),
  })
}

const decodePlace: JsonDecoder<NonNullable<OutputDataFile['movedTo']>> = (value, place) => {
  const json = record(value, place)
  return { specId: required(json, 'specId', int32), partition: required(json, 'partition', decodePartition) }
}

const decodeDeleteFile: JsonDecoder<OutputDeleteFile> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<OutputDeleteFile>({
    filePath: required(json, 'filePath', text),
    fileFormat: required(json, 'fileFormat', oneOf('parquet', 'orc', 'avro', 'puffin')),
    recordCount: required(json, 'recordCount', safeInteger),
    fileSizeBytes: required(json, 'fileSizeBytes', safeInteger),
    referencedDataFile: required(json, 'referencedDataFile', text),
    contentOffset: optional(json, 'contentOffset', safeInteger),
    contentSizeBytes: optional(json, 'contentSizeBytes', safeInteger),
    metrics: required(json, 'metrics', decodeMetrics),
  })
}

const decodeEvidence: JsonDecoder<RewriteEvidence> = (value, place) => {
  const json = record(value, place)
  const rows = (key: string) => required(json, key, safeInteger)
  const kind = required(json, 'kind', oneOf('row-hash', 'copied-ranges', 'deleted-positions'))
  switch (kind) {
    case 'row-hash':
      return {
        kind,
        inputRows: rows('inputRows'),
        deletedRows: rows('deletedRows'),
        outputRows: rows('outputRows'),
        inputHash: required(json, 'inputHash', text),
        outputHash: required(json, 'outputHash', text),
      }
    case 'copied-ranges':
      return {
        kind,
        inputRows: rows('inputRows'),
        outputRows: rows('outputRows'),
        ranges: required(json, 'ranges', listOf(decodeRange)),
      }
    case 'deleted-positions':
      return { kind, files: required(json, 'files', listOf(decodeConvertedFile)) }
  }
}

const decodeRange: JsonDecoder<CopiedRange> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<CopiedRange>({
    bytes: required(json, 'bytes', safeInteger),
    crcRead: required(json, 'crcRead', safeInteger),
    crcWritten: required(json, 'crcWritten', safeInteger),
    rowGroup: optional(json, 'rowGroup', decodeRowGroup),
  })
}

const decodeRowGroup: JsonDecoder<NonNullable<CopiedRange['rowGroup']>> = (value, place) => {
  const json = record(value, place)
  return {
    dataFile: required(json, 'dataFile', text),
    offset: required(json, 'offset', safeInteger),
    rows: required(json, 'rows', safeInteger),
  }
}

const decodeConvertedFile: JsonDecoder<Extract<RewriteEvidence, { kind: 'deleted-positions' }>['files'][number]> = (
  value,
  place,
) => {
  const json = record(value, place)
  return {
    dataFile: required(json, 'dataFile', text),
    recordCount: required(json, 'recordCount', safeInteger),
    deletedRows: required(json, 'deletedRows', safeInteger),
    writtenPositions: required(json, 'writtenPositions', safeInteger),
  }
}

const decodeCost: JsonDecoder<RewriteCost> = (value, place) => {
  const json = record(value, place)
  return {
    elapsedMs: required(json, 'elapsedMs', safeInteger),
    cpuMs: required(json, 'cpuMs', safeInteger),
    peakRssBytes: required(json, 'peakRssBytes', safeInteger),
    inputBytes: required(json, 'inputBytes', safeInteger),
    outputBytes: required(json, 'outputBytes', safeInteger),
  }
}

function encodeMetrics(metrics: FileMetrics): JsonObject {
  const bounds = (values: ReadonlyMap<number, Uint8Array>) =>
    Object.fromEntries([...values].map(([id, bytes]) => [id, Buffer.from(bytes).toString('base64')]))
  return {
    columnSizes: Object.fromEntries(metrics.columnSizes),
    valueCounts: Object.fromEntries(metrics.valueCounts),
    nullValueCounts: Object.fromEntries(metrics.nullValueCounts),
    nanValueCounts: Object.fromEntries(metrics.nanValueCounts),
    lowerBounds: bounds(metrics.lowerBounds),
    upperBounds: bounds(metrics.upperBounds),
  }
}

const decodeMetrics: JsonDecoder<FileMetrics> = (value, place) => {
  const json = record(value, place)
  return {
    columnSizes: required(json, 'columnSizes', byFieldId(safeInteger)),
    valueCounts: required(json, 'valueCounts', byFieldId(safeInteger)),
    nullValueCounts: required(json, 'nullValueCounts', byFieldId(safeInteger)),
    nanValueCounts: required(json, 'nanValueCounts', byFieldId(safeInteger)),
    lowerBounds: required(json, 'lowerBounds', byFieldId(base64)),
    upperBounds: required(json, 'upperBounds', byFieldId(base64)),
  }
}

const base64: JsonDecoder<Uint8Array> = (value, place) => new Uint8Array(Buffer.from(text(value, place), 'base64'))

function byFieldId<T>(item: JsonDecoder<T>): JsonDecoder<ReadonlyMap<number, T>> {
  return (value: JsonValue, place) =>
    new Map(
      Object.entries(mapOf(item)(value, place)).map(([key, entry]) => [
        /^\d{1,10}$/.test(key) ? Number(key) : failAt(place, `has the key '${key}', which is no field id`),
        entry,
      ]),
    )
}
