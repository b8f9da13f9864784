import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import type { Transform } from '@moraine/iceberg/partition/transform'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { failAt, inside, type JsonPlace } from '@moraine/stdx/exact-json-decode'

type Sourced = { readonly sourceIds: readonly number[]; readonly transform: Transform }

/**
 * Refuses to drop columns that the partitioning or order rests on once the updates are made.
 *
 * @throws {MoraineError} `invalid-input` naming the place in the request, and what is to be dropped with the column
 */
export function checkSources(
  base: TableMetadata,
  schema: Schema,
  updates: readonly TableUpdate[],
  at: JsonPlace,
): void {
  const { fieldsById } = indexSchema(schema, 'invalid-input')
  const before = indexSchema(base.schemas.find(({ schemaId }) => schemaId === base.currentSchemaId) ?? schema)
  /** The name of a column that the request drops; what the table lacks already is none of its doing. */
  const droppedSource = ({ sourceIds, transform }: Sourced): string | undefined => {
    // Void stands for a field that has been dropped.
    if (transform.kind === 'void') return undefined
    const id = sourceIds.find((each) => !fieldsById.has(each) && before.fieldsById.has(each))
    return id === undefined ? undefined : before.fieldsById.get(id)?.fullName
  }
  const place = inside(at, 'dropColumns')
  for (const field of partitionFields(base, updates)) {
    const column = droppedSource(field)
    if (column === undefined) continue
    failAt(
      place,
      `drops ${column}, which the table is partitioned by; give dropPartitionFields ["${field.name}"] as well`,
    )
  }
  for (const field of sortFields(base, updates)) {
    const column = droppedSource(field)
    if (column !== undefined)
      failAt(place, `drops ${column}, which the table is sorted by; give another sortOrder as well`)
  }
}

function partitionFields(base: TableMetadata, updates: readonly TableUpdate[]) {
  for (const update of updates) if (update.action === 'add-spec') return update.spec.fields
  return base.partitionSpecs.find(({ specId }) => specId === base.defaultSpecId)?.fields ?? []
}

function sortFields(base: TableMetadata, updates: readonly TableUpdate[]) {
  for (const update of updates) if (update.action === 'add-sort-order') return update.sortOrder.fields
  return base.sortOrders.find(({ orderId }) => orderId === base.defaultSortOrderId)?.fields ?? []
}
