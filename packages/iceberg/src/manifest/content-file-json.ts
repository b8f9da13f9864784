import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject, JsonValue } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  int32,
  int64,
  type JsonDecoder,
  type JsonRecord,
  listOf,
  optional,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { PartitionTuple } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { encodeWireValue, hexText, wireValue } from '../value/wire-value.ts'
import { type ContentFile, EMPTY_METRICS, type FileContent, type FileFormat, type FileMetrics } from './content-file.ts'

// Files as the REST catalog protocol sends them (rest-catalog-open-api.yaml, "ContentFile"). Bounds are sent as the
// reference implementation reads them: the binary form of the values (table spec, Appendix D) in hexadecimal.

/**
 * @param partitionTypes of the file's spec, by the schema that the reader knows. A field whose column is gone has the type
 *   `unknown`, of which null is the one value.
 * @param hasStatistics whether the figures of a column are sent; none are by default
 * @throws {MoraineError} `unsupported` for partition values of types without a JSON form.
 */
export function encodeContentFile(
  file: ContentFile,
  partitionTypes: readonly PrimitiveType[],
  hasStatistics?: (fieldId: number) => boolean,
): JsonObject {
  return {
    'spec-id': file.specId,
    content: file.content,
    'file-path': file.filePath,
    'file-format': file.fileFormat,
    partition: partitionTypes.map((type, at) => encodePartitionValue(type, file.partition[at] ?? null)),
    'file-size-in-bytes': file.fileSizeBytes,
    'record-count': file.recordCount,
    ...(hasStatistics !== undefined && encodeMetrics(file.metrics(), hasStatistics)),
    'key-metadata': file.keyMetadata && hexText(file.keyMetadata),
    'split-offsets': file.splitOffsets,
    'equality-ids': file.equalityIds,
    'sort-order-id': file.sortOrderId,
    'first-row-id': file.firstRowId,
    'referenced-data-file': file.referencedDataFile,
    'content-offset': file.contentOffset,
    'content-size-in-bytes': file.contentSizeBytes,
  }
}

/** @param typesOf the partition types of a spec; `undefined` if the table does not have it */
export function decodeContentFile(
  typesOf: (specId: number) => readonly PrimitiveType[] | undefined,
): JsonDecoder<ContentFile> {
  return (value, place) => {
    const json = record(value, place)
    const specId = required(json, 'spec-id', int32)
    const types = typesOf(specId)
    if (types === undefined) return failAt(inside(place, 'spec-id'), `is ${specId}, which the table does not have`)
    const metrics = decodeMetrics(json)
    return dropUndefined<ContentFile>({
      content: required(json, 'content', content),
      filePath: required(json, 'file-path', text),
      fileFormat: required(json, 'file-format', format),
      specId,
      partition: required(json, 'partition', partition(types)),
      recordCount: required(json, 'record-count', count),
      fileSizeBytes: required(json, 'file-size-in-bytes', count),
      metrics: () => metrics,
      keyMetadata: optional(json, 'key-metadata', bytes),
      splitOffsets: optional(json, 'split-offsets', listOf(count)),
      equalityIds: optional(json, 'equality-ids', listOf(int32)),
      sortOrderId: optional(json, 'sort-order-id', int32),
      firstRowId: optional(json, 'first-row-id', int64),
      referencedDataFile: optional(json, 'referenced-data-file', text),
      contentOffset: optional(json, 'content-offset', count),
      contentSizeBytes: optional(json, 'content-size-in-bytes', count),
    })
  }
}

function encodePartitionValue(type: PrimitiveType, value: PartitionTuple[number]): JsonValue {
  return value === null || type.kind === 'unknown' ? null : encodeWireValue(type, value)
}

function partition(types: readonly PrimitiveType[]): JsonDecoder<PartitionTuple> {
  return (value, place) => {
    const values = listOf((item) => item)(value, place)
    if (values.length !== types.length) {
      return failAt(place, `has ${values.length} values where the partition spec has ${types.length} fields`)
    }
    return types.map((type, at) => {
      const item = values[at] ?? null
      return item === null ? null : wireValue(type)(item, inside(place, at))
    })
  }
}

const COUNTS = {
  columnSizes: 'column-sizes',
  valueCounts: 'value-counts',
  nullValueCounts: 'null-value-counts',
  nanValueCounts: 'nan-value-counts',
} as const satisfies Partial<Record<keyof FileMetrics, string>>

const BOUNDS = { lowerBounds: 'lower-bounds', upperBounds: 'upper-bounds' } as const

function encodeMetrics(metrics: FileMetrics, hasStatistics: (fieldId: number) => boolean): JsonObject {
  const kept = <T>(map: ReadonlyMap<number, T>, encode: (value: T) => JsonValue): JsonObject | undefined => {
    const entries = [...map].filter(([fieldId]) => hasStatistics(fieldId))
    if (entries.length === 0) return undefined
    return { keys: entries.map(([fieldId]) => fieldId), values: entries.map(([, value]) => encode(value)) }
  }
  return {
    [COUNTS.columnSizes]: kept(metrics.columnSizes, (value) => value),
    [COUNTS.valueCounts]: kept(metrics.valueCounts, (value) => value),
    [COUNTS.nullValueCounts]: kept(metrics.nullValueCounts, (value) => value),
    [COUNTS.nanValueCounts]: kept(metrics.nanValueCounts, (value) => value),
    [BOUNDS.lowerBounds]: kept(metrics.lowerBounds, hexText),
    [BOUNDS.upperBounds]: kept(metrics.upperBounds, hexText),
  }
}

function decodeMetrics(json: JsonRecord): FileMetrics {
  const counts = (key: string) => optional(json, key, mapByFieldId(count))
  const bounds = (key: string) => optional(json, key, mapByFieldId(bytes))
  return {
    columnSizes: counts(COUNTS.columnSizes) ?? EMPTY_METRICS.columnSizes,
    valueCounts: counts(COUNTS.valueCounts) ?? EMPTY_METRICS.valueCounts,
    nullValueCounts: counts(COUNTS.nullValueCounts) ?? EMPTY_METRICS.nullValueCounts,
    nanValueCounts: counts(COUNTS.nanValueCounts) ?? EMPTY_METRICS.nanValueCounts,
    lowerBounds: bounds(BOUNDS.lowerBounds) ?? EMPTY_METRICS.lowerBounds,
    upperBounds: bounds(BOUNDS.upperBounds) ?? EMPTY_METRICS.upperBounds,
  }
}

function mapByFieldId<T>(item: JsonDecoder<T>): JsonDecoder<ReadonlyMap<number, T>> {
  return (value, place) => {
    const json = record(value, place)
    const keys = required(json, 'keys', listOf(int32))
    const values = required(json, 'values', listOf(item))
    if (keys.length !== values.length) return failAt(place, `has ${keys.length} keys and ${values.length} values`)
    const map = new Map<number, T>()
    for (const [at, decoded] of values.entries()) map.set(keys[at] ?? 0, decoded)
    return map
  }
}

const count: JsonDecoder<number> = (value, place) => {
  const number = safeInteger(value, place)
  return number < 0 ? failAt(place, 'is negative') : number
}

const bytes: JsonDecoder<Uint8Array> = (value, place) => {
  const hex = text(value, place)
  return /^(?:[\da-f]{2})*$/i.test(hex) ? new Uint8Array(Buffer.from(hex, 'hex')) : failAt(place, 'is not hexadecimal')
}

const CONTENTS: readonly FileContent[] = ['data', 'position-deletes', 'equality-deletes']
const FORMATS: readonly FileFormat[] = ['parquet', 'orc', 'avro', 'puffin']

// The reference implementation up to 1.10 writes `POSITION_DELETES` and `PARQUET`.
const content: JsonDecoder<FileContent> = (value, place) => {
  const name = text(value, place).toLowerCase().replace('_', '-')
  return CONTENTS.find((each) => each === name) ?? failAt(place, `is ${JSON.stringify(value)}, no content of a file`)
}

const format: JsonDecoder<FileFormat> = (value, place) => {
  const name = text(value, place).toLowerCase()
  return FORMATS.find((each) => each === name) ?? failAt(place, `is ${JSON.stringify(value)}, no file format`)
}
