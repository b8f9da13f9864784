import type { EpochMs } from '@moraine/stdx/brand'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import {
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
import type { MetadataLogEntry, Snapshot, SnapshotId, SnapshotLogEntry, SnapshotOperation } from './snapshot.ts'

// Snapshots and the logs in JSON (table spec, "Snapshots" and Appendix C).

export const snapshotId: JsonDecoder<SnapshotId> = (value, place) => int64(value, place) as SnapshotId

export const epochMs: JsonDecoder<EpochMs> = (value, place) => safeInteger(value, place) as EpochMs

/** A sequence number that is absent, as in v1, is 0. */
export const decodeSnapshot: JsonDecoder<Snapshot> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<Snapshot>({
    snapshotId: required(json, 'snapshot-id', snapshotId),
    parentSnapshotId: optional(json, 'parent-snapshot-id', snapshotId),
    sequenceNumber: optional(json, 'sequence-number', safeInteger) ?? 0,
    timestampMs: required(json, 'timestamp-ms', epochMs),
    manifests: decodeManifests(json),
    ...splitSummary(optional(json, 'summary', mapOf(text)) ?? {}),
    schemaId: optional(json, 'schema-id', int32),
    firstRowId: optional(json, 'first-row-id', int64),
    addedRows: optional(json, 'added-rows', int64),
    keyId: optional(json, 'key-id', text),
  })
}

export function encodeSnapshot(snapshot: Snapshot): JsonObject {
  return {
    'sequence-number': snapshot.sequenceNumber === 0 ? undefined : snapshot.sequenceNumber,
    'snapshot-id': snapshot.snapshotId,
    'parent-snapshot-id': snapshot.parentSnapshotId,
    'timestamp-ms': snapshot.timestampMs,
    summary: encodeSummary(snapshot),
    ...(snapshot.manifests.kind === 'list'
      ? { 'manifest-list': snapshot.manifests.location }
      : { manifests: snapshot.manifests.locations }),
    'schema-id': snapshot.schemaId,
    'first-row-id': snapshot.firstRowId,
    'added-rows': snapshot.addedRows,
    'key-id': snapshot.keyId,
  }
}

export const decodeSnapshotLogEntry: JsonDecoder<SnapshotLogEntry> = (value, place) => {
  const json = record(value, place)
  return {
    timestampMs: required(json, 'timestamp-ms', epochMs),
    snapshotId: required(json, 'snapshot-id', snapshotId),
  }
}

export function encodeSnapshotLogEntry(entry: SnapshotLogEntry): JsonObject {
  return { 'timestamp-ms': entry.timestampMs, 'snapshot-id': entry.snapshotId }
}

export const decodeMetadataLogEntry: JsonDecoder<MetadataLogEntry> = (value, place) => {
  const json = record(value, place)
  return {
    timestampMs: required(json, 'timestamp-ms', epochMs),
    metadataFile: required(json, 'metadata-file', text),
  }
}

export function encodeMetadataLogEntry(entry: MetadataLogEntry): JsonObject {
  return { 'timestamp-ms': entry.timestampMs, 'metadata-file': entry.metadataFile }
}

function decodeManifests(json: JsonRecord): Snapshot['manifests'] {
  const location = optional(json, 'manifest-list', text)
  if (location !== undefined) return { kind: 'list', location }
  const locations = optional(json, 'manifests', listOf(text))
  if (locations !== undefined) return { kind: 'inline', locations }
  return { kind: 'list', location: required(json, 'manifest-list', text) }
}

const OPERATIONS: ReadonlySet<string> = new Set<SnapshotOperation>(['append', 'replace', 'overwrite', 'delete'])

// An operation that the spec does not know stays in the summary, so that it is written back.
function splitSummary(all: Readonly<Record<string, string>>): Pick<Snapshot, 'operation' | 'summary'> {
  const { operation, ...summary } = all
  return isOperation(operation) ? { operation, summary } : { summary: all }
}

function isOperation(text: string | undefined): text is SnapshotOperation {
  return text !== undefined && OPERATIONS.has(text)
}

function encodeSummary({ operation, summary }: Snapshot): JsonObject | undefined {
  if (operation !== undefined) return { operation, ...summary }
  return Object.keys(summary).length === 0 ? undefined : summary
}
