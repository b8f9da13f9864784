import type { PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import type { NameMapping } from '@moraine/iceberg/schema/name-mapping'
import { parseNameMapping } from '@moraine/iceberg/schema/name-mapping'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive, type NestedField } from '@moraine/iceberg/schema/type'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { MoraineError } from '@moraine/stdx/error'
import { addressableNames } from '../sql/column-names.ts'
import { sqlLiteral, sqlNull } from '../sql/sql-literal.ts'
import { primitiveFields } from './project-column.ts'
import { LINEAGE_FIELDS, lineageColumn, type SourceColumn, tableColumn } from './row-source.ts'

/** What a task's files are read as: one relation with the columns of the outputs. */
export type ReadPlan = {
  /** Of the outputs: the table's columns, then row lineage where there is some to keep. */
  readonly fields: readonly NestedField[]
  /** Their SQL names. */
  readonly names: readonly string[]
  /** Their expressions over the inputs. */
  readonly columns: readonly SourceColumn[]
  /** Current schema first. */
  readonly schemas: readonly Schema[]
  readonly mapping: NameMapping | undefined
  /** Types of all fields that may be read, by id; the current schema's win. */
  readonly wanted: ReadonlyMap<number, IcebergType>
  /** SQL values of columns that files may leave out because their partition says them. */
  readonly constants: ReadonlyMap<number, string>
}

/** @throws {MoraineError} `unsupported` if the table has columns that cannot be rewritten */
export function readPlan(task: RewriteTask): ReadPlan {
  const { table, group } = task
  const schemas = [table.schema, ...(table.otherSchemas ?? [])]
  const constants = partitionConstants(task)
  // A file never holds a column of type unknown: all of its values are null.
  const stored = table.schema.fields.filter((field) => field.type.kind !== 'unknown')
  const keepsLineage = table.formatVersion >= 3 && group.inputs.some((input) => input.firstRowId !== undefined)
  const fields = [...stored, ...(keepsLineage ? LINEAGE_FIELDS : [])]
  const names = addressableNames(fields, 'top')
  const columns = fields.map((field, at) => {
    const name = names[at] ?? ''
    return LINEAGE_FIELDS.includes(field) ? lineageColumn(field, name) : tableColumn(field, name, constants)
  })
  const wanted = new Map(schemas.toReversed().flatMap((schema) => [...primitiveFields(schema.fields)]))
  const mapping = table.nameMapping === undefined ? undefined : parseNameMapping(table.nameMapping, table.name)
  return { fields, names, columns, schemas, mapping, wanted, constants }
}

/** Values of identity partition fields: all files of a group are in one partition of one spec. */
function partitionConstants({ table, group }: RewriteTask): ReadonlyMap<number, string> {
  const spec = table.partitionSpecs.find((each) => each.specId === group.specId)
  if (spec === undefined) throw new MoraineError('invalid-input', `the task lacks partition spec ${group.specId}`)
  const index = indexSchema(table.schema)
  const constants = new Map<number, string>()
  for (const [at, field] of spec.fields.entries()) {
    const [sourceId] = field.sourceIds
    const type = sourceId === undefined ? undefined : index.fieldsById.get(sourceId)?.field.type
    if (field.transform.kind !== 'identity' || sourceId === undefined || type === undefined || !isPrimitive(type))
      continue
    constants.set(sourceId, partitionValue(group.partition, at, type))
  }
  return constants
}

function partitionValue(partition: PartitionTuple, at: number, type: IcebergType): string {
  const value = partition[at]
  if (value === undefined || value === null || !isPrimitive(type)) return sqlNull(type)
  return sqlLiteral(type, value)
}
