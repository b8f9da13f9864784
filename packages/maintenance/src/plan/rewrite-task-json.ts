import { decodePartitionSpec, encodePartitionSpec } from '@moraine/iceberg/partition/partition-spec-json'
import { decodeSchema, encodeSchema } from '@moraine/iceberg/schema/schema-json'
import { decodeSortOrder, encodeSortOrder } from '@moraine/iceberg/sort/sort-order-json'
import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { formatExactJson, parseExactJson } from '@moraine/stdx/exact-json'
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
import { decodeGroup, encodeGroup } from './rewrite-plan-json.ts'
import type { RewriteTask, TaskOutput, TaskTable } from './rewrite-task.ts'

/** The task as it travels to an optimizer. */
export function formatRewriteTask(task: RewriteTask): string {
  const { table, group, ...rest } = task
  return formatExactJson({
    ...rest,
    table: {
      ...table,
      schema: encodeSchema(table.schema),
      otherSchemas: (table.otherSchemas ?? []).map(encodeSchema),
      partitionSpecs: table.partitionSpecs.map(encodePartitionSpec),
      sortOrder: encodeSortOrder(table.sortOrder),
    },
    group: encodeGroup(group),
  })
}

/** @throws {MoraineError} `invalid-input` naming the field; of another version, the version */
export function parseRewriteTask(json: string): RewriteTask {
  return decodeRewriteTask(parseExactJson(json, 'task'), { document: 'task', kind: 'invalid-input' })
}

const decodeRewriteTask: JsonDecoder<RewriteTask> = (value, place) => {
  const json = record(value, place)
  const taskVersion = required(json, 'taskVersion', int32)
  if (taskVersion !== 1) failAt(place, `is of task version ${taskVersion}; version 1 is known`)
  return {
    taskVersion: 1,
    table: required(json, 'table', decodeTable),
    baseSequenceNumber: required(json, 'baseSequenceNumber', safeInteger),
    group: required(json, 'group', decodeGroup),
    output: required(json, 'output', decodeOutput),
    storage: required(json, 'storage', mapOf(text)),
  }
}

const decodeTable: JsonDecoder<TaskTable> = (value, place) => {
  const json = record(value, place)
  const formatVersion = required(json, 'formatVersion', int32)
  if (formatVersion !== 1 && formatVersion !== 2 && formatVersion !== 3)
    failAt(place, `is of format version ${formatVersion}; 1 to 3 are known`)
  return dropUndefined<TaskTable>({
    name: required(json, 'name', text),
    uuid: optional(json, 'uuid', text),
    formatVersion: formatVersion as TaskTable['formatVersion'],
    schema: required(json, 'schema', decodeSchema),
    otherSchemas: optional(json, 'otherSchemas', listOf(decodeSchema)),
    partitionSpecs: required(json, 'partitionSpecs', listOf(decodePartitionSpec)),
    sortOrder: required(json, 'sortOrder', decodeSortOrder),
    nameMapping: optional(json, 'nameMapping', text),
  })
}

const decodeOutput: JsonDecoder<TaskOutput> = (value, place) => {
  const json = record(value, place)
  return {
    directory: required(json, 'directory', text),
    filePrefix: required(json, 'filePrefix', text),
    compression: required(json, 'compression', text),
    rowGroupSizeBytes: required(json, 'rowGroupSizeBytes', safeInteger),
  }
}
