import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkRequirements } from './check-requirements.ts'
import type { TableMetadata } from './table-metadata.ts'
import type { TableRequirement } from './table-requirement.ts'
import { applied, exampleTable, id, UUID, withSnapshots } from './testing/example-table.ts'

const TABLE = applied(withSnapshots(exampleTable(), 7n), [
  { action: 'set-snapshot-ref', refName: 'v1', ref: { snapshotId: id(7n), type: 'tag' } },
])

function failure(requirement: TableRequirement, table: TableMetadata | undefined = TABLE): string | undefined {
  const check = checkRequirements(table, [requirement])
  return check.kind === 'met' ? undefined : check.message.replace(/^Requirement failed: /, '')
}

test('conditions that hold', () => {
  const requirements: readonly TableRequirement[] = [
    { type: 'assert-table-uuid', uuid: UUID.toUpperCase() },
    { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: id(7n) },
    { type: 'assert-ref-snapshot-id', ref: 'constructor' },
    { type: 'assert-last-assigned-field-id', lastAssignedFieldId: 3 },
    { type: 'assert-current-schema-id', currentSchemaId: 0 },
    { type: 'assert-last-assigned-partition-id', lastAssignedPartitionId: 1000 },
    { type: 'assert-default-spec-id', defaultSpecId: 0 },
    { type: 'assert-default-sort-order-id', defaultSortOrderId: 0 },
  ]
  assert.deepEqual(checkRequirements(TABLE, requirements), { kind: 'met' })
})

test('messages are those clients know', () => {
  assert.equal(failure({ type: 'assert-create' }), 'table already exists')
  assert.equal(failure({ type: 'assert-table-uuid', uuid: 'u' }), `UUID does not match: expected ${UUID} != u`)
  assert.equal(
    failure({ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: id(8n) }),
    'branch main has changed: expected id 8 != 7',
  )
  assert.equal(
    failure({ type: 'assert-ref-snapshot-id', ref: 'v1', snapshotId: id(8n) }),
    'tag v1 has changed: expected id 8 != 7',
  )
  assert.equal(failure({ type: 'assert-ref-snapshot-id', ref: 'main' }), 'branch main was created concurrently')
  assert.equal(
    failure({ type: 'assert-ref-snapshot-id', ref: 'dev', snapshotId: id(8n) }),
    'branch or tag dev is missing, expected 8',
  )
  assert.equal(
    failure({ type: 'assert-last-assigned-field-id', lastAssignedFieldId: 2 }),
    'last assigned field id changed: expected id 2 != 3',
  )
  assert.equal(
    failure({ type: 'assert-current-schema-id', currentSchemaId: 2 }),
    'current schema changed: expected id 2 != 0',
  )
  assert.equal(
    failure({ type: 'assert-last-assigned-partition-id', lastAssignedPartitionId: 2 }),
    'last assigned partition id changed: expected id 2 != 1000',
  )
  assert.equal(
    failure({ type: 'assert-default-spec-id', defaultSpecId: 2 }),
    'default partition spec changed: expected id 2 != 0',
  )
  assert.equal(
    failure({ type: 'assert-default-sort-order-id', defaultSortOrderId: 2 }),
    'default sort order changed: expected id 2 != 0',
  )
})

test('the first violated condition is named', () => {
  const second: TableRequirement = { type: 'assert-current-schema-id', currentSchemaId: 5 }
  assert.deepEqual(
    checkRequirements(TABLE, [{ type: 'assert-ref-snapshot-id', ref: 'x' }, second, { type: 'assert-create' }]),
    {
      kind: 'violated',
      requirement: second,
      message: 'Requirement failed: current schema changed: expected id 5 != 0',
    },
  )
})

test('where there is no table, only what needs none holds', () => {
  const check = (requirement: TableRequirement) => checkRequirements(undefined, [requirement]).kind
  assert.equal(check({ type: 'assert-create' }), 'met')
  assert.equal(check({ type: 'assert-ref-snapshot-id', ref: 'main' }), 'met')
  assert.equal(check({ type: 'assert-last-assigned-field-id', lastAssignedFieldId: 5 }), 'met')
  assert.equal(check({ type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: id(7n) }), 'violated')
  assert.equal(check({ type: 'assert-table-uuid', uuid: UUID }), 'violated')
})
