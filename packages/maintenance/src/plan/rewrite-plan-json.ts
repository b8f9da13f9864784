import { createHash } from 'node:crypto'
import { snapshotId } from '@moraine/iceberg/metadata/snapshot-json'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { MoraineError } from '@moraine/stdx/error'
import { formatExactJson, type JsonObject, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'
import {
  failAt,
  int32,
  int64,
  type JsonDecoder,
  listOf,
  optional,
  record,
  required,
  safeInteger,
  text,
} from '@moraine/stdx/exact-json-decode'
import { decodePartition, encodePartition } from './literal-json.ts'
import type {
  DataInput,
  DeleteInput,
  ReleasedDelete,
  RewriteGroup,
  RewriteMethod,
  RewritePlan,
  SkippedPartition,
} from './rewrite-plan.ts'
import { oneOf } from './word.ts'

/** The plan as a JSON document with its hash: what `table plan --out` writes and the service stores. */
export function encodeRewritePlan(plan: RewritePlan): JsonObject {
  const { groups, releasedDeletes, ...rest } = plan
  const body = {
    ...rest,
    groups: groups.map(encodeGroup),
    releasedDeletes: releasedDeletes.map((each) => ({ delete: encodeDelete(each.delete), groupIds: each.groupIds })),
  }
  return { ...body, hash: hashOf(body) }
}

/**
 * @param what names the document in errors
 * @throws {MoraineError} `invalid-input` for text that is no plan, or one that was changed since it was written
 */
export function parseRewritePlan(json: string, what: string): RewritePlan {
  const place = { document: what, kind: 'invalid-input' } as const
  const plan = decodeRewritePlan(parseExactJson(json, what), place)
  const stated = required(record(parseExactJson(json, what), place), 'hash', text)
  if (stated !== planHash(plan))
    throw new MoraineError('invalid-input', `${what} was changed since it was written; make a new plan`)
  return plan
}

/** SHA-256 of the plan's JSON form, in hexadecimal: two plans have the same hash exactly if they say the same. */
export function planHash(plan: RewritePlan): string {
  return encodeRewritePlan(plan)['hash'] as string
}

function hashOf(body: JsonObject): string {
  return createHash('sha256')
    .update(formatExactJson(sorted(body)))
    .digest('hex')
}

/** The same value with the keys of every object in order: what a hash may depend on. */
function sorted(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: JsonValue) => sorted(item))
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item ?? null)]),
  )
}

const decodeRewritePlan: JsonDecoder<RewritePlan> = (value, place) => {
  const json = record(value, place)
  const planVersion = required(json, 'planVersion', int32)
  if (planVersion !== 1) failAt(place, `is of plan version ${planVersion}; version 1 is known`)
  return {
    planVersion: 1,
    tableUuid: required(json, 'tableUuid', text),
    tableLocation: required(json, 'tableLocation', text),
    baseSnapshotId: required(json, 'baseSnapshotId', snapshotId),
    baseSequenceNumber: required(json, 'baseSequenceNumber', safeInteger),
    schemaId: required(json, 'schemaId', int32),
    optimizingType: required(json, 'optimizingType', oneOf('minor', 'major', 'full')),
    groups: required(json, 'groups', listOf(decodeGroup)),
    releasedDeletes: required(json, 'releasedDeletes', listOf(decodeReleased)),
    skipped: required(json, 'skipped', listOf(decodeSkipped)),
  }
}

export function encodeGroup(group: RewriteGroup): JsonObject {
  const { partition, deletes, method, inputs, ...rest } = group
  return {
    ...rest,
    partition: encodePartition(partition),
    method: { ...method },
    inputs: inputs.map((input) => ({ ...input })),
    deletes: deletes.map(encodeDelete),
  }
}

export const decodeGroup: JsonDecoder<RewriteGroup> = (value, place) => {
  const json = record(value, place)
  const deletes = required(json, 'deletes', listOf(decodeDelete))
  const inputs = required(json, 'inputs', listOf(decodeInput))
  const stray = inputs.flatMap((input) => input.deletes).find((ordinal) => deletes[ordinal] === undefined)
  if (stray !== undefined) failAt(place, `refers to delete ${stray}, which it does not list`)
  return dropUndefined<RewriteGroup>({
    groupId: required(json, 'groupId', int32),
    specId: required(json, 'specId', int32),
    partition: required(json, 'partition', decodePartition),
    outputSpecId: optional(json, 'outputSpecId', int32),
    partitionPath: required(json, 'partitionPath', text),
    method: required(json, 'method', decodeMethod),
    inputs,
    deletes,
    targetSizeBytes: required(json, 'targetSizeBytes', safeInteger),
  })
}

export const decodeMethod: JsonDecoder<RewriteMethod> = (value, place) => {
  const json = record(value, place)
  return {
    kind: required(json, 'kind', oneOf('concat', 'rewrite', 'convert-deletes')),
    reason: required(json, 'reason', text),
  }
}

const fileFormat = oneOf('parquet', 'orc', 'avro', 'puffin')

const decodeInput: JsonDecoder<DataInput> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<DataInput>({
    filePath: required(json, 'filePath', text),
    fileFormat: required(json, 'fileFormat', fileFormat),
    recordCount: required(json, 'recordCount', safeInteger),
    fileSizeBytes: required(json, 'fileSizeBytes', safeInteger),
    dataSequenceNumber: required(json, 'dataSequenceNumber', safeInteger),
    sortOrderId: optional(json, 'sortOrderId', int32),
    splitOffsets: optional(json, 'splitOffsets', listOf(safeInteger)),
    firstRowId: optional(json, 'firstRowId', int64),
    deletes: required(json, 'deletes', listOf(int32)),
  })
}

function encodeDelete({ partition, ...rest }: DeleteInput): JsonObject {
  return { ...rest, partition: encodePartition(partition) }
}

const decodeDelete: JsonDecoder<DeleteInput> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<DeleteInput>({
    content: required(json, 'content', oneOf('position-deletes', 'equality-deletes')),
    filePath: required(json, 'filePath', text),
    fileFormat: required(json, 'fileFormat', fileFormat),
    specId: required(json, 'specId', int32),
    partition: required(json, 'partition', decodePartition),
    recordCount: required(json, 'recordCount', safeInteger),
    fileSizeBytes: required(json, 'fileSizeBytes', safeInteger),
    dataSequenceNumber: required(json, 'dataSequenceNumber', safeInteger),
    equalityIds: optional(json, 'equalityIds', listOf(int32)),
    referencedDataFile: optional(json, 'referencedDataFile', text),
    contentOffset: optional(json, 'contentOffset', safeInteger),
    contentSizeBytes: optional(json, 'contentSizeBytes', safeInteger),
  })
}

const decodeReleased: JsonDecoder<ReleasedDelete> = (value, place) => {
  const json = record(value, place)
  return { delete: required(json, 'delete', decodeDelete), groupIds: required(json, 'groupIds', listOf(int32)) }
}

const decodeSkipped: JsonDecoder<SkippedPartition> = (value, place) => {
  const json = record(value, place)
  return {
    specId: required(json, 'specId', int32),
    partitionPath: required(json, 'partitionPath', text),
    reason: required(
      json,
      'reason',
      oneOf(
        'healthy',
        'below-trigger',
        'over-budget',
        'filtered',
        'nothing-to-gain',
        'listed-twice',
        'unreadable',
        'unsupported-format',
        'encrypted',
        'foreign',
      ),
    ),
    detail: required(json, 'detail', text),
  }
}
