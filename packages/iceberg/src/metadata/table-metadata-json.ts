import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonObject, parseExactJson } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  int32,
  int64,
  type JsonDecoder,
  type JsonRecord,
  listOf,
  mapOf,
  optional,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { PartitionSpec } from '../partition/partition-spec.ts'
import {
  decodePartitionFields,
  decodePartitionSpec,
  encodePartitionFields,
  encodePartitionSpec,
  FIRST_PARTITION_FIELD_ID,
} from '../partition/partition-spec-json.ts'
import { decodeSchema, encodeSchema } from '../schema/schema-json.ts'
import { decodeSortOrder, encodeSortOrder } from '../sort/sort-order-json.ts'
import { decodeEncryptedKey, encodeEncryptedKey } from './encrypted-key-json.ts'
import { findInconsistency } from './metadata-consistency.ts'
import { decodeMetadataFile, ofMetadataFile } from './metadata-file.ts'
import type { SnapshotId } from './snapshot.ts'
import {
  decodeMetadataLogEntry,
  decodeSnapshot,
  decodeSnapshotLogEntry,
  encodeMetadataLogEntry,
  encodeSnapshot,
  encodeSnapshotLogEntry,
  epochMs,
  snapshotId,
} from './snapshot-json.ts'
import { decodeSnapshotRef, encodeSnapshotRef } from './snapshot-ref-json.ts'
import {
  decodePartitionStatisticsFile,
  decodeStatisticsFile,
  encodePartitionStatisticsFile,
  encodeStatisticsFile,
} from './statistics-json.ts'
import type { FormatVersion, TableMetadata } from './table-metadata.ts'

// Table metadata in JSON (table spec, "Table Metadata" and Appendix C), format versions 1 to 3.

/**
 * Reads a metadata file's bytes, gzipped or not, or its text. `location` names it in errors, and as `metadataFile` in the
 * context of those that are `corrupt`.
 *
 * @throws {MoraineError} `unsupported` for format versions above 3, `corrupt` if fields are missing, of the wrong type
 * or contradict each other.
 */
export function parseTableMetadata(file: Uint8Array | string, location: string): TableMetadata {
  const json = typeof file === 'string' ? file : decodeMetadataFile(file, location)
  return ofMetadataFile(location, () =>
    decodeTableMetadata(parseExactJson(json, location), { document: location, kind: 'corrupt' }),
  )
}

/** The text of a metadata file, with the fields its format version wants, as older readers of it want them. */
export function formatTableMetadata(metadata: TableMetadata): string {
  const present = formatExactJson(encodePresent(metadata))
  const history = [
    ['snapshots', listText(metadata.snapshots, encodeSnapshot)],
    ['statistics', listText(metadata.statistics, encodeStatisticsFile)],
    ['partition-statistics', listText(metadata.partitionStatistics, encodePartitionStatisticsFile)],
    ['snapshot-log', listText(metadata.snapshotLog, encodeSnapshotLogEntry)],
    ['metadata-log', listText(metadata.metadataLog, encodeMetadataLogEntry)],
  ]
  return `${present.slice(0, -1)},${history.map(([field, list]) => `"${field}":${list}`).join(',')}}`
}

/**
 * What a table has had stays as it was, and a commit adds an entry: from the second time on each is formatted once, for as
 * long as it is known. The first time all are formatted together, which is faster, and enough where nobody commits.
 */
const texts = new WeakMap<object, string>()
/** The last entries of lists that were formatted. */
const lasts = new WeakSet<object>()

function listText<Entry extends object>(entries: readonly Entry[], encode: (entry: Entry) => JsonObject): string {
  const isLonger = entries.slice(-2).some((entry) => lasts.has(entry))
  const last = entries.at(-1)
  if (last !== undefined) lasts.add(last)
  if (!isLonger) return formatExactJson(entries.map(encode))
  const parts = entries.map((entry) => {
    const known = texts.get(entry)
    if (known !== undefined) return known
    const text = formatExactJson(encode(entry))
    texts.set(entry, text)
    return text
  })
  return `[${parts.join(',')}]`
}

export const decodeTableMetadata: JsonDecoder<TableMetadata> = (value, place) => {
  const json = record(value, place)
  const version = required(json, 'format-version', formatVersion)
  const metadata = dropUndefined<TableMetadata>({
    formatVersion: version,
    tableUuid: version === 1 ? optional(json, 'table-uuid', text) : required(json, 'table-uuid', text),
    location: stripTrailingSlash(required(json, 'location', text)),
    lastSequenceNumber: version === 1 ? 0 : required(json, 'last-sequence-number', safeInteger),
    lastUpdatedMs: required(json, 'last-updated-ms', epochMs),
    lastColumnId: required(json, 'last-column-id', int32),
    ...decodeSchemas(json, version),
    ...decodePartitionSpecs(json, version),
    ...decodeSortOrders(json, version),
    properties: optional(json, 'properties', mapOf(text)) ?? {},
    ...decodeRefs(json),
    snapshots: optional(json, 'snapshots', listOf(decodeSnapshot)) ?? [],
    snapshotLog: optional(json, 'snapshot-log', listOf(decodeSnapshotLogEntry)) ?? [],
    metadataLog: optional(json, 'metadata-log', listOf(decodeMetadataLogEntry)) ?? [],
    statistics: optional(json, 'statistics', listOf(decodeStatisticsFile)) ?? [],
    partitionStatistics: optional(json, 'partition-statistics', listOf(decodePartitionStatisticsFile)) ?? [],
    nextRowId: version < 3 ? 0n : required(json, 'next-row-id', int64),
    encryptionKeys: optional(json, 'encryption-keys', listOf(decodeEncryptedKey)) ?? [],
  })
  const wrong = findInconsistency(metadata)
  return wrong === undefined ? metadata : failAt(inside(place, wrong.field), wrong.problem)
}

export function encodeTableMetadata(metadata: TableMetadata): JsonObject {
  return {
    ...encodePresent(metadata),
    snapshots: metadata.snapshots.map(encodeSnapshot),
    statistics: metadata.statistics.map(encodeStatisticsFile),
    'partition-statistics': metadata.partitionStatistics.map(encodePartitionStatisticsFile),
    'snapshot-log': metadata.snapshotLog.map(encodeSnapshotLogEntry),
    'metadata-log': metadata.metadataLog.map(encodeMetadataLogEntry),
  }
}

/** All but the lists that grow with the history. */
function encodePresent(metadata: TableMetadata): JsonObject {
  const { formatVersion } = metadata
  return {
    'format-version': formatVersion,
    'table-uuid': metadata.tableUuid,
    location: metadata.location,
    'last-sequence-number': formatVersion === 1 ? undefined : metadata.lastSequenceNumber,
    'last-updated-ms': metadata.lastUpdatedMs,
    'last-column-id': metadata.lastColumnId,
    ...(formatVersion === 1 ? encodeFormerFields(metadata) : {}),
    'current-schema-id': metadata.currentSchemaId,
    schemas: metadata.schemas.map(encodeSchema),
    'default-spec-id': metadata.defaultSpecId,
    'partition-specs': metadata.partitionSpecs.map(encodePartitionSpec),
    'last-partition-id': metadata.lastPartitionId,
    'default-sort-order-id': metadata.defaultSortOrderId,
    'sort-orders': metadata.sortOrders.map(encodeSortOrder),
    properties: metadata.properties,
    // Before version 3, readers know "none" as -1.
    'current-snapshot-id': metadata.currentSnapshotId ?? (formatVersion < 3 ? -1 : null),
    'next-row-id': formatVersion < 3 ? undefined : metadata.nextRowId,
    'encryption-keys':
      metadata.encryptionKeys.length === 0 ? undefined : metadata.encryptionKeys.map(encodeEncryptedKey),
    refs: Object.fromEntries(Object.entries(metadata.refs).map(([name, ref]) => [name, encodeSnapshotRef(ref)])),
  }
}

/** `s3://bucket/table/` becomes `s3://bucket/table`; the slashes of `file:///` stay. */
export function stripTrailingSlash(location: string): string {
  let end = location.length
  while (end > 1 && location[end - 1] === '/' && !location.slice(0, end).endsWith('://')) end -= 1
  return location.slice(0, end)
}

export const formatVersion: JsonDecoder<FormatVersion> = (value, place) => {
  const version = int32(value, place)
  if (version === 1 || version === 2 || version === 3) return version
  if (version < 1) failAt(place, `is ${version}`)
  throw new MoraineError(
    'unsupported',
    `${place.document}: format version ${version} is newer than 3, the newest this version of Moraine reads and writes; upgrade Moraine`,
  )
}

// Version 1 had one schema, one spec and no sort orders, before it had lists of them.

function decodeSchemas(json: JsonRecord, version: FormatVersion): Pick<TableMetadata, 'schemas' | 'currentSchemaId'> {
  if (version === 1 && !Object.hasOwn(json.object, 'schemas')) {
    const schema = required(json, 'schema', decodeSchema)
    return { schemas: [schema], currentSchemaId: schema.schemaId }
  }
  return {
    schemas: required(json, 'schemas', listOf(decodeSchema)),
    currentSchemaId: required(json, 'current-schema-id', int32),
  }
}

type SpecFields = Pick<TableMetadata, 'partitionSpecs' | 'defaultSpecId' | 'lastPartitionId'>

function decodePartitionSpecs(json: JsonRecord, version: FormatVersion): SpecFields {
  const hasSpecs = version > 1 || Object.hasOwn(json.object, 'partition-specs')
  const partitionSpecs = hasSpecs
    ? required(json, 'partition-specs', listOf(decodePartitionSpec))
    : [{ specId: 0, fields: required(json, 'partition-spec', decodePartitionFields) }]
  return {
    partitionSpecs,
    defaultSpecId: hasSpecs ? required(json, 'default-spec-id', int32) : 0,
    lastPartitionId:
      version > 1
        ? required(json, 'last-partition-id', int32)
        : (optional(json, 'last-partition-id', int32) ?? highestPartitionFieldId(partitionSpecs)),
  }
}

function highestPartitionFieldId(specs: readonly PartitionSpec[]): number {
  const ids = specs.flatMap((spec) => spec.fields.map((field) => field.fieldId))
  return ids.reduce((highest, id) => Math.max(highest, id), FIRST_PARTITION_FIELD_ID - 1)
}

function decodeSortOrders(
  json: JsonRecord,
  version: FormatVersion,
): Pick<TableMetadata, 'sortOrders' | 'defaultSortOrderId'> {
  if (version === 1 && !Object.hasOwn(json.object, 'sort-orders')) {
    return { sortOrders: [{ orderId: 0, fields: [] }], defaultSortOrderId: 0 }
  }
  return {
    sortOrders: required(json, 'sort-orders', listOf(decodeSortOrder)),
    defaultSortOrderId: required(json, 'default-sort-order-id', int32),
  }
}

// The current snapshot stands twice, as a field and as branch main; metadata from before there were refs has only the
// field.
function decodeRefs(json: JsonRecord): Pick<TableMetadata, 'refs'> & { currentSnapshotId: SnapshotId | undefined } {
  const current = optional(json, 'current-snapshot-id', snapshotId)
  const currentSnapshotId = current === -1n ? undefined : current
  const refs = optional(json, 'refs', mapOf(decodeSnapshotRef)) ?? {}
  if (currentSnapshotId === undefined || Object.hasOwn(refs, 'main')) return { refs, currentSnapshotId }
  return { refs: { main: { snapshotId: currentSnapshotId, type: 'branch' }, ...refs }, currentSnapshotId }
}

function encodeFormerFields(metadata: TableMetadata): JsonObject {
  const schema = metadata.schemas.find((candidate) => candidate.schemaId === metadata.currentSchemaId)
  const spec = metadata.partitionSpecs.find((candidate) => candidate.specId === metadata.defaultSpecId)
  return {
    schema: schema && encodeSchema(schema),
    'partition-spec': spec && encodePartitionFields(spec.fields),
  }
}
