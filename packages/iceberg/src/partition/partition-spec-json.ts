import { dropUndefined } from '@moraine/stdx/drop-undefined'
import type { JsonObject } from '@moraine/stdx/exact-json'
import {
  failAt,
  inside,
  int32,
  type JsonDecoder,
  type JsonRecord,
  listOf,
  optional,
  record,
  required,
  text,
} from '@moraine/stdx/exact-json-decode'
import type { PartitionField, PartitionSpec, UnboundPartitionSpec } from './partition-spec.ts'
import { formatTransform, parseTransform, type Transform } from './transform.ts'

// Partition specs in JSON (table spec, Appendix C, "Partition Specs").

export const decodePartitionSpec: JsonDecoder<PartitionSpec> = (value, place) => {
  const json = record(value, place)
  return { specId: required(json, 'spec-id', int32), fields: required(json, 'fields', decodePartitionFields) }
}

/** The bare list of fields, as in v1 metadata and in the headers of manifests. */
export const decodePartitionFields: JsonDecoder<readonly PartitionField[]> = (value, place) => {
  const fields = listOf(decodeField)(value, place)
  const withId = fields.filter((field) => field.fieldId !== undefined).length
  if (withId !== 0 && withId !== fields.length) failAt(place, 'has ids for some of its fields only')
  // Writers before field ids were kept numbered the fields of every spec from 1000.
  return fields.map((field, at) => ({ ...field, fieldId: field.fieldId ?? FIRST_PARTITION_FIELD_ID + at }))
}

/** A spec as clients of a catalog send it, whose ids may be left to the catalog. */
export const decodeUnboundPartitionSpec: JsonDecoder<UnboundPartitionSpec> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<UnboundPartitionSpec>({
    specId: optional(json, 'spec-id', int32),
    fields: required(json, 'fields', listOf(decodeField)),
  })
}

/** Servers of the reference implementation want a spec id even where they will choose another. */
export function encodePartitionSpec(spec: PartitionSpec | UnboundPartitionSpec): JsonObject {
  return { 'spec-id': spec.specId ?? 0, fields: encodePartitionFields(spec.fields) }
}

export function encodePartitionFields(fields: UnboundPartitionSpec['fields']): readonly JsonObject[] {
  return fields.map((field) => ({
    name: field.name,
    ...encodeTransform(field),
    'field-id': field.fieldId,
  }))
}

/** Ids of partition fields start here, out of the way of column ids. */
export const FIRST_PARTITION_FIELD_ID = 1000

/** The transform and its source columns, as partition fields and sort fields have them. */
export function decodeTransform(json: JsonRecord): {
  readonly sourceIds: readonly number[]
  readonly transform: Transform
} {
  return { transform: parseTransform(required(json, 'transform', text)), sourceIds: decodeSourceIds(json) }
}

export function encodeTransform({ sourceIds, transform }: ReturnType<typeof decodeTransform>): JsonObject {
  const [only, ...more] = sourceIds
  return {
    transform: formatTransform(transform),
    ...(only !== undefined && more.length === 0 ? { 'source-id': only } : { 'source-ids': sourceIds }),
  }
}

const decodeField: JsonDecoder<UnboundPartitionSpec['fields'][number]> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<UnboundPartitionSpec['fields'][number]>({
    fieldId: optional(json, 'field-id', int32),
    name: required(json, 'name', text),
    ...decodeTransform(json),
  })
}

function decodeSourceIds(json: JsonRecord): readonly number[] {
  const ids = optional(json, 'source-ids', listOf(int32))
  if (ids === undefined) return [required(json, 'source-id', int32)]
  return ids.length > 0 ? ids : failAt(inside(json.place, 'source-ids'), 'is empty')
}
