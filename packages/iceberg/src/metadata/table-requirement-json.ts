import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  int32,
  type JsonDecoder,
  type JsonRecord,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import { snapshotId } from './snapshot-json.ts'
import type { TableRequirement } from './table-requirement.ts'

// Table requirements on the wire (REST catalog OpenAPI, `TableRequirement`).

export const decodeTableRequirement: JsonDecoder<TableRequirement> = (value, place) => {
  const json = record(value, place)
  const type = required(json, 'type', text).toLowerCase()
  if (!isType(type)) failAt(inside(place, 'type'), `is ${type}, which is no requirement on a table`)
  return CODECS[type].decode(json)
}

export function encodeTableRequirement(requirement: TableRequirement): JsonObject {
  // TypeScript does not see that the requirement is of the type by which its codec was found.
  const { encode } = CODECS[requirement.type] as { encode: (requirement: TableRequirement) => JsonObject }
  return { type: requirement.type, ...encode(requirement) }
}

type Type = TableRequirement['type']
type RequirementOf<T extends Type> = Extract<TableRequirement, { type: T }>
type Codec<T extends Type> = {
  readonly decode: (json: JsonRecord) => RequirementOf<T>
  readonly encode: (requirement: RequirementOf<T>) => JsonObject
}

const CODECS: { readonly [T in Type]: Codec<T> } = {
  'assert-create': { decode: () => ({ type: 'assert-create' }), encode: () => ({}) },
  'assert-table-uuid': {
    decode: (json) => ({ type: 'assert-table-uuid', uuid: required(json, 'uuid', text) }),
    encode: ({ uuid }) => ({ uuid }),
  },
  'assert-ref-snapshot-id': {
    decode: (json) =>
      dropUndefined<RequirementOf<'assert-ref-snapshot-id'>>({
        type: 'assert-ref-snapshot-id',
        ref: required(json, 'ref', text),
        snapshotId: optional(json, 'snapshot-id', snapshotId),
      }),
    // Null is part of the protocol: the ref must not exist.
    encode: (requirement) => ({ ref: requirement.ref, 'snapshot-id': requirement.snapshotId ?? null }),
  },
  'assert-last-assigned-field-id': {
    decode: (json) => ({
      type: 'assert-last-assigned-field-id',
      lastAssignedFieldId: required(json, 'last-assigned-field-id', int32),
    }),
    encode: (requirement) => ({ 'last-assigned-field-id': requirement.lastAssignedFieldId }),
  },
  'assert-current-schema-id': {
    decode: (json) => ({
      type: 'assert-current-schema-id',
      currentSchemaId: required(json, 'current-schema-id', int32),
    }),
    encode: (requirement) => ({ 'current-schema-id': requirement.currentSchemaId }),
  },
  'assert-last-assigned-partition-id': {
    decode: (json) => ({
      type: 'assert-last-assigned-partition-id',
      lastAssignedPartitionId: required(json, 'last-assigned-partition-id', int32),
    }),
    encode: (requirement) => ({ 'last-assigned-partition-id': requirement.lastAssignedPartitionId }),
  },
  'assert-default-spec-id': {
    decode: (json) => ({ type: 'assert-default-spec-id', defaultSpecId: required(json, 'default-spec-id', int32) }),
    encode: (requirement) => ({ 'default-spec-id': requirement.defaultSpecId }),
  },
  'assert-default-sort-order-id': {
    decode: (json) => ({
      type: 'assert-default-sort-order-id',
      defaultSortOrderId: required(json, 'default-sort-order-id', int32),
    }),
    encode: (requirement) => ({ 'default-sort-order-id': requirement.defaultSortOrderId }),
  },
}

function isType(type: string): type is Type {
  return Object.hasOwn(CODECS, type)
}
