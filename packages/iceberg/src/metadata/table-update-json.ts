import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  int32,
  type JsonDecoder,
  type JsonRecord,
  listOf,
  mapOf,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import { decodeUnboundPartitionSpec, encodePartitionSpec } from '../partition/partition-spec-json.ts'
import { decodeSchema, encodeSchema } from '../schema/schema-json.ts'
import { decodeSortOrder, encodeSortOrder } from '../sort/sort-order-json.ts'
import { decodeEncryptedKey, encodeEncryptedKey } from './encrypted-key-json.ts'
import { decodeSnapshot, encodeSnapshot, snapshotId } from './snapshot-json.ts'
import { decodeSnapshotRef, encodeSnapshotRef } from './snapshot-ref-json.ts'
import {
  decodePartitionStatisticsFile,
  decodeStatisticsFile,
  encodePartitionStatisticsFile,
  encodeStatisticsFile,
} from './statistics-json.ts'
import { formatVersion } from './table-metadata-json.ts'
import type { TableUpdate } from './table-update.ts'

// Table updates on the wire (REST catalog OpenAPI, `TableUpdate`).

export const decodeTableUpdate: JsonDecoder<TableUpdate> = (value, place) => {
  const json = record(value, place)
  const action = required(json, 'action', text).toLowerCase()
  if (!isAction(action)) failAt(inside(place, 'action'), `is ${action}, which is no update of a table`)
  return CODECS[action].decode(json)
}

export function encodeTableUpdate(update: TableUpdate): JsonObject {
  // TypeScript does not see that the update is of the action by which its codec was found.
  const { encode } = CODECS[update.action] as { encode: (update: TableUpdate) => JsonObject }
  return { action: update.action, ...encode(update) }
}

type Action = TableUpdate['action']
type UpdateOf<A extends Action> = Extract<TableUpdate, { action: A }>
type Codec<A extends Action> = {
  readonly decode: (json: JsonRecord) => UpdateOf<A>
  readonly encode: (update: UpdateOf<A>) => JsonObject
}

const CODECS: { readonly [A in Action]: Codec<A> } = {
  'assign-uuid': {
    decode: (json) => ({ action: 'assign-uuid', uuid: required(json, 'uuid', text) }),
    encode: ({ uuid }) => ({ uuid }),
  },
  'upgrade-format-version': {
    decode: (json) => ({
      action: 'upgrade-format-version',
      formatVersion: required(json, 'format-version', formatVersion),
    }),
    encode: (update) => ({ 'format-version': update.formatVersion }),
  },
  'add-schema': {
    decode: (json) =>
      dropUndefined<UpdateOf<'add-schema'>>({
        action: 'add-schema',
        schema: required(json, 'schema', decodeSchema),
        lastColumnId: optional(json, 'last-column-id', int32),
      }),
    encode: (update) => ({ schema: encodeSchema(update.schema), 'last-column-id': update.lastColumnId }),
  },
  'set-current-schema': {
    decode: (json) => ({ action: 'set-current-schema', schemaId: required(json, 'schema-id', int32) }),
    encode: (update) => ({ 'schema-id': update.schemaId }),
  },
  'add-spec': {
    decode: (json) => ({ action: 'add-spec', spec: required(json, 'spec', decodeUnboundPartitionSpec) }),
    encode: (update) => ({ spec: encodePartitionSpec(update.spec) }),
  },
  'set-default-spec': {
    decode: (json) => ({ action: 'set-default-spec', specId: required(json, 'spec-id', int32) }),
    encode: (update) => ({ 'spec-id': update.specId }),
  },
  'add-sort-order': {
    decode: (json) => ({ action: 'add-sort-order', sortOrder: required(json, 'sort-order', decodeSortOrder) }),
    encode: (update) => ({ 'sort-order': encodeSortOrder(update.sortOrder) }),
  },
  'set-default-sort-order': {
    decode: (json) => ({ action: 'set-default-sort-order', sortOrderId: required(json, 'sort-order-id', int32) }),
    encode: (update) => ({ 'sort-order-id': update.sortOrderId }),
  },
  'add-snapshot': {
    decode: (json) => ({ action: 'add-snapshot', snapshot: required(json, 'snapshot', decodeSnapshot) }),
    encode: (update) => ({ snapshot: encodeSnapshot(update.snapshot) }),
  },
  'set-snapshot-ref': {
    decode: (json) => ({
      action: 'set-snapshot-ref',
      refName: required(json, 'ref-name', text),
      ref: decodeSnapshotRef(json.object, json.place),
    }),
    encode: (update) => ({ 'ref-name': update.refName, ...encodeSnapshotRef(update.ref) }),
  },
  'remove-snapshot-ref': {
    decode: (json) => ({ action: 'remove-snapshot-ref', refName: required(json, 'ref-name', text) }),
    encode: (update) => ({ 'ref-name': update.refName }),
  },
  'remove-snapshots': {
    decode: (json) => ({ action: 'remove-snapshots', snapshotIds: required(json, 'snapshot-ids', listOf(snapshotId)) }),
    encode: (update) => ({ 'snapshot-ids': update.snapshotIds }),
  },
  'set-location': {
    decode: (json) => ({ action: 'set-location', location: required(json, 'location', text) }),
    encode: ({ location }) => ({ location }),
  },
  'set-properties': {
    decode: (json) => ({ action: 'set-properties', updates: renamed(json, 'updates', 'updated', mapOf(text)) }),
    encode: ({ updates }) => ({ updates }),
  },
  'remove-properties': {
    decode: (json) => ({ action: 'remove-properties', removals: renamed(json, 'removals', 'removed', listOf(text)) }),
    encode: ({ removals }) => ({ removals }),
  },
  'set-statistics': {
    decode: decodeSetStatistics,
    // Older servers still want the id beside the file as well.
    encode: ({ statistics }) => ({
      'snapshot-id': statistics.snapshotId,
      statistics: encodeStatisticsFile(statistics),
    }),
  },
  'remove-statistics': {
    decode: (json) => ({ action: 'remove-statistics', snapshotId: required(json, 'snapshot-id', snapshotId) }),
    encode: (update) => ({ 'snapshot-id': update.snapshotId }),
  },
  'set-partition-statistics': {
    decode: (json) => ({
      action: 'set-partition-statistics',
      partitionStatistics: required(json, 'partition-statistics', decodePartitionStatisticsFile),
    }),
    encode: (update) => ({ 'partition-statistics': encodePartitionStatisticsFile(update.partitionStatistics) }),
  },
  'remove-partition-statistics': {
    decode: (json) => ({
      action: 'remove-partition-statistics',
      snapshotId: required(json, 'snapshot-id', snapshotId),
    }),
    encode: (update) => ({ 'snapshot-id': update.snapshotId }),
  },
  'remove-partition-specs': {
    decode: (json) => ({ action: 'remove-partition-specs', specIds: required(json, 'spec-ids', listOf(int32)) }),
    encode: (update) => ({ 'spec-ids': update.specIds }),
  },
  'remove-schemas': {
    decode: (json) => ({ action: 'remove-schemas', schemaIds: required(json, 'schema-ids', listOf(int32)) }),
    encode: (update) => ({ 'schema-ids': update.schemaIds }),
  },
  'add-encryption-key': {
    decode: (json) => ({
      action: 'add-encryption-key',
      encryptionKey: required(json, 'encryption-key', decodeEncryptedKey),
    }),
    encode: (update) => ({ 'encryption-key': encodeEncryptedKey(update.encryptionKey) }),
  },
  'remove-encryption-key': {
    decode: (json) => ({ action: 'remove-encryption-key', keyId: required(json, 'key-id', text) }),
    encode: (update) => ({ 'key-id': update.keyId }),
  },
}

function isAction(action: string): action is Action {
  return Object.hasOwn(CODECS, action)
}

// Early clients sent the field under its former name.
function renamed<T>(json: JsonRecord, key: string, former: string, decode: JsonDecoder<T>): T {
  return optional(json, key, decode) ?? optional(json, former, decode) ?? required(json, key, decode)
}

function decodeSetStatistics(json: JsonRecord): UpdateOf<'set-statistics'> {
  const statistics = required(json, 'statistics', decodeStatisticsFile)
  const besides = optional(json, 'snapshot-id', snapshotId)
  if (besides !== undefined && besides !== statistics.snapshotId) {
    failAt(inside(json.place, 'snapshot-id'), `is ${besides}, but the statistics are of ${statistics.snapshotId}`)
  }
  return { action: 'set-statistics', statistics }
}
