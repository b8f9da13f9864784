import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { MoraineError } from '@moraine/stdx/error'
import type { StorageSettings } from '@moraine/storage/settings'
import type { RewriteGroup, RewritePlan } from './rewrite-plan.ts'
import type { RewriteTask, TaskTable } from './rewrite-task.ts'

export type MakeTasksInput = {
  readonly name: string
  readonly metadata: TableMetadata
  readonly plan: RewritePlan
  readonly storage: StorageSettings
  /** Unique for the process; part of every output's name. */
  readonly runId: string
}

/**
 * Turns each group of a plan into a task that stands by itself. `metadata` must still know the plan's schema and specs.
 *
 * @throws {MoraineError} `conflict` if it does not: the plan is too old to be run.
 */
export function makeTasks(input: MakeTasksInput): readonly RewriteTask[] {
  const table = taskTable(input)
  return input.plan.groups.map((group) => ({
    taskVersion: 1,
    table,
    baseSequenceNumber: input.plan.baseSequenceNumber,
    group,
    output: {
      directory: outputDirectory(input.metadata, group),
      filePrefix: `${String(group.groupId).padStart(5, '0')}-${input.runId}`,
      compression: input.metadata.properties['write.parquet.compression-codec'] ?? 'zstd',
      rowGroupSizeBytes: positiveNumber(input.metadata, 'write.parquet.row-group-size-bytes', 134_217_728),
    },
    storage: input.storage,
  }))
}

function taskTable({ name, metadata, plan }: MakeTasksInput): TaskTable {
  const schema = metadata.schemas.find((each) => each.schemaId === plan.schemaId)
  const sortOrder = metadata.sortOrders.find((each) => each.orderId === metadata.defaultSortOrderId)
  if (schema === undefined || sortOrder === undefined) {
    throw new MoraineError('conflict', `table ${name} no longer has schema ${plan.schemaId}; make a new plan`)
  }
  const nameMapping = metadata.properties['schema.name-mapping.default']
  return {
    name,
    ...(metadata.tableUuid !== undefined && { uuid: metadata.tableUuid }),
    formatVersion: metadata.formatVersion,
    schema,
    // Equality deletes may be by columns that have been dropped since.
    otherSchemas: metadata.schemas.filter((each) => each !== schema).toReversed(),
    partitionSpecs: metadata.partitionSpecs,
    sortOrder,
    ...(nameMapping !== undefined && { nameMapping }),
  }
}

// Moved rows go below it, by partitions that are found out when they are read.
function outputDirectory(metadata: TableMetadata, group: RewriteGroup): string {
  const data = (metadata.properties['write.data.path'] ?? `${metadata.location}/data`).replace(/\/+$/, '')
  return group.partitionPath === '' || group.outputSpecId !== undefined ? `${data}/` : `${data}/${group.partitionPath}/`
}

function positiveNumber(metadata: TableMetadata, key: string, fallback: number): number {
  const text = metadata.properties[key]
  const value = text === undefined ? fallback : Number(text)
  if (!Number.isSafeInteger(value) || value <= 0) {
    throw new MoraineError('invalid-input', `table property ${key} is '${text}': it must be a positive whole number`)
  }
  return value
}
