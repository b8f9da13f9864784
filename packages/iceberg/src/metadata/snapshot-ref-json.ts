import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import {
  failAt,
  int32,
  type JsonDecoder,
  optional,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { SnapshotRef } from './snapshot.ts'
import { snapshotId } from './snapshot-json.ts'

// Branches and tags in JSON (table spec, "Snapshot References").

export const decodeSnapshotRef: JsonDecoder<SnapshotRef> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<SnapshotRef>({
    snapshotId: required(json, 'snapshot-id', snapshotId),
    type: required(json, 'type', refType),
    minSnapshotsToKeep: optional(json, 'min-snapshots-to-keep', int32),
    maxSnapshotAgeMs: optional(json, 'max-snapshot-age-ms', milliseconds),
    maxRefAgeMs: optional(json, 'max-ref-age-ms', milliseconds),
  })
}

export function encodeSnapshotRef(ref: SnapshotRef): JsonObject {
  return {
    'snapshot-id': ref.snapshotId,
    type: ref.type,
    'min-snapshots-to-keep': ref.minSnapshotsToKeep,
    'max-snapshot-age-ms': ref.maxSnapshotAgeMs,
    'max-ref-age-ms': ref.maxRefAgeMs,
  }
}

const refType: JsonDecoder<SnapshotRef['type']> = (value, place) => {
  const type = text(value, place).toLowerCase()
  return type === 'branch' || type === 'tag' ? type : failAt(place, 'is neither branch nor tag')
}

// "For ever" is written as the largest 64-bit integer; a number holds no more than 285,000 years exactly, which is the
// same.
const milliseconds: JsonDecoder<number> = (value, place) =>
  typeof value === 'bigint' && value > 0n ? Number.MAX_SAFE_INTEGER : safeInteger(value, place)
