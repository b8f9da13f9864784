import type { EpochMs } from '@moraine/stdx/brand'
import { MoraineError } from '@moraine/stdx/error'
import type { UnboundPartitionSpec } from '../partition/partition-spec.ts'
import { assignFreshIds } from '../schema/assign-fresh-ids.ts'
import type { Schema } from '../schema/schema.ts'
import type { SortOrder } from '../sort/sort-order.ts'
import { applyUpdates } from './apply-updates.ts'
import type { FormatVersion, TableMetadata } from './table-metadata.ts'
import { RESERVED_PROPERTIES, tableProperty } from './table-properties.ts'
import type { TableUpdate } from './table-update.ts'

export type NewTable = {
  readonly schema: Schema
  readonly spec?: UnboundPartitionSpec
  readonly sortOrder?: SortOrder
  readonly location: string
  /** `format-version` among them decides the version, 2 by default; it and other reserved keys are not stored. */
  readonly properties: Readonly<Record<string, string>>
  readonly uuid: string
  readonly now: EpochMs
}

/**
 * The first state of a table. Column ids are given out anew from 1 as the reference implementation does, level by
 * level, whatever ids the schema came with; spec, sort order and identifier fields follow them. New tables are written
 * with zstd unless they say otherwise.
 *
 * @throws {MoraineError} `invalid-input` if schema, spec, sort order or properties are wrong or do not fit together.
 */
export function newTableMetadata(table: NewTable): TableMetadata {
  return applyUpdates(undefined, newTableUpdates(table), { now: table.now })
}

/** The updates that create the table, for catalogs that create by commit. */
function newTableUpdates(table: NewTable): readonly TableUpdate[] {
  const formatVersion = requestedVersion(table.properties)
  const { schema, newIds } = assignFreshIds(table.schema)
  return [
    { action: 'assign-uuid', uuid: table.uuid },
    { action: 'upgrade-format-version', formatVersion },
    { action: 'add-schema', schema },
    { action: 'set-current-schema', schemaId: -1 },
    { action: 'add-spec', spec: freshSpec(table.spec ?? { fields: [] }, newIds) },
    { action: 'set-default-spec', specId: -1 },
    { action: 'add-sort-order', sortOrder: freshSortOrder(table.sortOrder ?? UNSORTED, newIds) },
    { action: 'set-default-sort-order', sortOrderId: -1 },
    { action: 'set-location', location: table.location },
    { action: 'set-properties', updates: storedProperties(table.properties) },
  ]
}

const UNSORTED: SortOrder = { orderId: 0, fields: [] }

/**
 * The format version that a table made with the properties gets.
 *
 * @throws {MoraineError} `unsupported`, or `invalid-input` of what is no number
 */
export function requestedVersion(properties: NewTable['properties']): FormatVersion {
  const version = tableProperty(properties, 'format-version')
  if (version === 1 || version === 2 || version === 3) return version
  throw new MoraineError('unsupported', `table property format-version is ${version}; set it to 1, 2 or 3`)
}

function freshSpec(spec: UnboundPartitionSpec, newIds: ReadonlyMap<number, number>): UnboundPartitionSpec {
  return {
    fields: spec.fields.map(({ name, transform, sourceIds }) => ({
      name,
      transform,
      sourceIds: sourceIds.map((id) => freshId(newIds, id, `partition field ${name}`)),
    })),
  }
}

function freshSortOrder(order: SortOrder, newIds: ReadonlyMap<number, number>): SortOrder {
  return {
    ...order,
    fields: order.fields.map((field) => ({
      ...field,
      sourceIds: field.sourceIds.map((id) => freshId(newIds, id, 'a sort field')),
    })),
  }
}

function freshId(newIds: ReadonlyMap<number, number>, id: number, what: string): number {
  const fresh = newIds.get(id)
  if (fresh !== undefined) return fresh
  throw new MoraineError('invalid-input', `${what} has the source column ${id}, which is not in the schema`)
}

function storedProperties(properties: NewTable['properties']): Record<string, string> {
  const stored = Object.entries(properties).filter(([key]) => !RESERVED_PROPERTIES.has(key))
  return { 'write.parquet.compression-codec': 'zstd', ...Object.fromEntries(stored) }
}
