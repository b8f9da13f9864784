import type { PartitionSpec, PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import { formatTransform, transformResultType } from '@moraine/iceberg/partition/transform'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive, type NestedField, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { MoraineError } from '@moraine/stdx/error'
import type { SqlRow } from '../duckdb/child-protocol.ts'
import { INTERNAL_PREFIX } from '../sql/column-names.ts'
import { columnReference } from '../sql/column-reference.ts'
import { sqlName } from '../sql/sql-text.ts'
import { readPlain } from './plain-value.ts'
import { transformSql } from './transform-sql.ts'

/** The values by which rows are told apart into partitions, as columns over a relation of the table's columns. */
export type PartitionKey = {
  readonly columns: readonly { readonly name: string; readonly sql: string; readonly type: PrimitiveType }[]
}

/**
 * @param fields of the relation, with their SQL names
 * @throws {MoraineError} `unsupported` if rows cannot be partitioned by the spec
 */
export function sqlPartitionKey(
  spec: PartitionSpec,
  schema: Schema,
  fields: readonly NestedField[],
  names: readonly string[],
): PartitionKey {
  const index = indexSchema(schema)
  return {
    columns: spec.fields.map((field, at) => {
      const [sourceId] = field.sourceIds
      const source = sourceId === undefined ? undefined : index.fieldsById.get(sourceId)
      const name = `${INTERNAL_PREFIX}p${at}`
      // A void field is what remains of one that was dropped, perhaps along with its column.
      if (field.transform.kind === 'void') return { name, sql: 'CAST(NULL AS BIGINT)', type: { kind: 'long' } }
      if (source === undefined || source.repeated || !isPrimitive(source.field.type)) {
        throw new MoraineError(
          'unsupported',
          `rows cannot be partitioned by ${formatTransform(field.transform)} of field ${field.sourceIds.join(', ')}: the schema has no such column`,
        )
      }
      const { type } = source.field
      const value = columnReference(source, fields, names)
      return { name, sql: transformSql(field.transform, type, value), type: transformResultType(field.transform, type) }
    }),
  }
}

/** The select items of a key. */
export function keyItems(key: PartitionKey): string {
  return key.columns.map(({ name, sql }) => `${sql} AS ${sqlName(name)}`).join(', ')
}

/** The select items that read keys back, once computed: integers of 128 bits leave the database as text. */
export function readableKeyItems(key: PartitionKey): string {
  return key.columns
    .map(({ name, type }) => {
      const column = sqlName(name)
      return type.kind === 'decimal' ? `CAST(${column} AS VARCHAR) AS ${column}` : column
    })
    .join(', ')
}

export function readPartition(key: PartitionKey, row: SqlRow): PartitionTuple {
  return key.columns.map(({ name, type }) => readPlain(type, row[name] ?? null))
}
