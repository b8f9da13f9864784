import { findRef } from './find-ref.ts'
import type { TableMetadata } from './table-metadata.ts'
import type { TableRequirement } from './table-requirement.ts'

export type RequirementCheck =
  | { readonly kind: 'met' }
  | { readonly kind: 'violated'; readonly requirement: TableRequirement; readonly message: string }

/**
 * Whether a commit's conditions hold for the table as it is; the first that does not. `metadata` is `undefined` if there
 * is no such table. Messages are those of the reference implementation, for clients and people who know them.
 */
export function checkRequirements(
  metadata: TableMetadata | undefined,
  requirements: readonly TableRequirement[],
): RequirementCheck {
  for (const requirement of requirements) {
    const failure = metadata === undefined ? failureWithoutTable(requirement) : failureOf(requirement, metadata)
    if (failure !== undefined) return { kind: 'violated', requirement, message: `Requirement failed: ${failure}` }
  }
  return { kind: 'met' }
}

// Nothing has been assigned in a table that does not exist, and no ref is in it.
function failureWithoutTable(requirement: TableRequirement): string | undefined {
  switch (requirement.type) {
    case 'assert-create':
    case 'assert-last-assigned-field-id':
    case 'assert-last-assigned-partition-id':
      return undefined
    case 'assert-ref-snapshot-id':
      return requirement.snapshotId === undefined ? undefined : 'table does not exist'
    case 'assert-table-uuid':
    case 'assert-current-schema-id':
    case 'assert-default-spec-id':
    case 'assert-default-sort-order-id':
      return 'table does not exist'
  }
}

function failureOf(requirement: TableRequirement, table: TableMetadata): string | undefined {
  switch (requirement.type) {
    case 'assert-create':
      return 'table already exists'
    case 'assert-table-uuid':
      return requirement.uuid.toLowerCase() === table.tableUuid?.toLowerCase()
        ? undefined
        : `UUID does not match: expected ${table.tableUuid ?? null} != ${requirement.uuid}`
    case 'assert-ref-snapshot-id':
      return refFailure(requirement, table)
    case 'assert-last-assigned-field-id':
      return changed('last assigned field id', requirement.lastAssignedFieldId, table.lastColumnId)
    case 'assert-current-schema-id':
      return changed('current schema', requirement.currentSchemaId, table.currentSchemaId)
    case 'assert-last-assigned-partition-id':
      return changed('last assigned partition id', requirement.lastAssignedPartitionId, table.lastPartitionId)
    case 'assert-default-spec-id':
      return changed('default partition spec', requirement.defaultSpecId, table.defaultSpecId)
    case 'assert-default-sort-order-id':
      return changed('default sort order', requirement.defaultSortOrderId, table.defaultSortOrderId)
  }
}

function refFailure(
  { ref: name, snapshotId }: Extract<TableRequirement, { type: 'assert-ref-snapshot-id' }>,
  table: TableMetadata,
): string | undefined {
  const ref = findRef(table, name)
  if (ref === undefined) {
    return snapshotId === undefined ? undefined : `branch or tag ${name} is missing, expected ${snapshotId}`
  }
  if (snapshotId === undefined) return `${ref.type} ${name} was created concurrently`
  if (snapshotId === ref.snapshotId) return undefined
  return `${ref.type} ${name} has changed: expected id ${snapshotId} != ${ref.snapshotId}`
}

function changed(what: string, expected: number, actual: number): string | undefined {
  return expected === actual ? undefined : `${what} changed: expected id ${expected} != ${actual}`
}
