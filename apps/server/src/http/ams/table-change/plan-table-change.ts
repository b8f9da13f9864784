import type { TableChangeBody } from '@moraine/api/rest/table-change-schemas'
import type { TableCommit } from '@moraine/catalogs/catalog'
import { applyUpdates } from '@moraine/iceberg/metadata/apply-updates'
import type { FormatVersion, TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import { RESERVED_PROPERTIES } from '@moraine/iceberg/metadata/table-properties'
import type { TableRequirement } from '@moraine/iceberg/metadata/table-requirement'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { parseOptimizingPolicy } from '@moraine/maintenance/plan/optimizing-policy'
import { parseSchedule } from '@moraine/management/schedule/opening'
import { must } from '@moraine/stdx/assert'
import { failAt, inside, type JsonPlace } from '@moraine/stdx/exact-json-decode'
import { changeColumns } from './change-columns.ts'
import { changePartitioning } from './change-partitioning.ts'
import { checkSources } from './check-sources.ts'
import { parseSortOrder } from './parse-sort-order.ts'

export const REQUEST: JsonPlace = { document: 'request body', kind: 'invalid-input' }

/**
 * The commit that makes the changes to a table in the given state, and to no other as far as they depend on it;
 * `undefined` if the table is as it should be.
 *
 * @throws {MoraineError} `invalid-input` naming the place in the request, if the changes cannot be made
 */
export function planTableChange(base: TableMetadata, change: TableChangeBody): TableCommit | undefined {
  const columns = columnUpdates(base, change)
  const updates: readonly TableUpdate[] = [
    ...versionUpdates(base, change),
    ...columns.updates,
    ...partitionUpdates(base, columns.schema, change),
    ...sortUpdates(columns.schema, change),
    ...propertyUpdates(change),
  ]
  checkSources(base, columns.schema, updates, REQUEST)
  // The rules that hold for every commit; a catalog of another service is not asked for what it would refuse.
  const next = applyUpdates(base, updates, { now: base.lastUpdatedMs })
  return next === base ? undefined : { requirements: requirementsOf(base, updates), updates }
}

function versionUpdates(base: TableMetadata, { formatVersion }: TableChangeBody): readonly TableUpdate[] {
  if (formatVersion === undefined) return []
  if (formatVersion < base.formatVersion) {
    failAt(inside(REQUEST, 'formatVersion'), `is ${formatVersion}, below ${base.formatVersion}, which the table has`)
  }
  // The schema of the request bounds it.
  return [{ action: 'upgrade-format-version', formatVersion: formatVersion as FormatVersion }]
}

function columnUpdates(base: TableMetadata, change: TableChangeBody) {
  const current = must(
    base.schemas.find(({ schemaId }) => schemaId === base.currentSchemaId),
    `schema ${base.currentSchemaId}`,
  )
  const { dropColumns, alterColumns, addColumns, identifierFields } = change
  if (
    dropColumns === undefined &&
    alterColumns === undefined &&
    addColumns === undefined &&
    identifierFields === undefined
  ) {
    return { schema: current, updates: [] }
  }
  let lastColumnId = base.lastColumnId
  const nextId = () => {
    lastColumnId += 1
    return lastColumnId
  }
  const schema = changeColumns(current, change, nextId, REQUEST)
  const updates: readonly TableUpdate[] = [
    { action: 'add-schema', schema, lastColumnId },
    { action: 'set-current-schema', schemaId: -1 },
  ]
  return { schema, updates }
}

function partitionUpdates(base: TableMetadata, schema: Schema, change: TableChangeBody): readonly TableUpdate[] {
  if (change.addPartitionFields === undefined && change.dropPartitionFields === undefined) return []
  const current = must(
    base.partitionSpecs.find(({ specId }) => specId === base.defaultSpecId),
    `partition spec ${base.defaultSpecId}`,
  )
  const formatVersion = Math.max(base.formatVersion, change.formatVersion ?? 1)
  return [
    { action: 'add-spec', spec: changePartitioning(current, change, { schema, formatVersion }, REQUEST) },
    { action: 'set-default-spec', specId: -1 },
  ]
}

function sortUpdates(schema: Schema, { sortOrder }: TableChangeBody): readonly TableUpdate[] {
  if (sortOrder === undefined) return []
  return [
    { action: 'add-sort-order', sortOrder: parseSortOrder(sortOrder, schema, inside(REQUEST, 'sortOrder')) },
    { action: 'set-default-sort-order', sortOrderId: -1 },
  ]
}

function propertyUpdates({
  setProperties = {},
  removeProperties = [],
  comment,
}: TableChangeBody): readonly TableUpdate[] {
  checkProperties(setProperties, inside(REQUEST, 'setProperties'))
  for (const key of removeProperties) {
    if (Object.hasOwn(setProperties, key))
      failAt(inside(REQUEST, 'removeProperties'), `has ${key}, which is set as well`)
  }
  const set = { ...setProperties, ...(comment !== undefined && comment !== '' && { comment }) }
  const removals = [...removeProperties, ...(comment === '' ? ['comment'] : [])]
  return [
    ...(removals.length === 0 ? [] : [{ action: 'remove-properties', removals } as const]),
    ...(Object.keys(set).length === 0 ? [] : [{ action: 'set-properties', updates: set } as const]),
  ]
}

/** Refuses properties that say what the table is, and settings that could not be read when the table is looked at. */
export function checkProperties(properties: Readonly<Record<string, string>>, at: JsonPlace): void {
  const reserved = Object.keys(properties).find((key) => RESERVED_PROPERTIES.has(key))
  if (reserved !== undefined)
    failAt(inside(at, reserved), 'is no property; formatVersion sets the version of the format')
  const { windows, blackouts } = parseOptimizingPolicy(properties)
  parseSchedule(windows, blackouts)
}

/** What the updates rest on: whoever changed that first wins. */
function requirementsOf(base: TableMetadata, updates: readonly TableUpdate[]): readonly TableRequirement[] {
  const has = (action: TableUpdate['action']) => updates.some((update) => update.action === action)
  const requirements: TableRequirement[] = []
  if (base.tableUuid !== undefined) requirements.push({ type: 'assert-table-uuid', uuid: base.tableUuid })
  if (has('add-schema')) {
    requirements.push({ type: 'assert-last-assigned-field-id', lastAssignedFieldId: base.lastColumnId })
  }
  if (has('add-schema') || has('add-spec') || has('add-sort-order')) {
    requirements.push({ type: 'assert-current-schema-id', currentSchemaId: base.currentSchemaId })
  }
  if (has('add-spec')) {
    requirements.push({ type: 'assert-default-spec-id', defaultSpecId: base.defaultSpecId })
    requirements.push({ type: 'assert-last-assigned-partition-id', lastAssignedPartitionId: base.lastPartitionId })
  }
  if (has('add-sort-order')) {
    requirements.push({ type: 'assert-default-sort-order-id', defaultSortOrderId: base.defaultSortOrderId })
  }
  return requirements
}
