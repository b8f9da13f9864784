import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import { parseTransform } from '@moraine/iceberg/partition/transform'
import { outputSpecs, type Partitioning } from './output-spec.ts'

function specOf(specId: number, sourceId: number, transform: string): PartitionSpec {
  return { specId, fields: [{ fieldId: 1000, sourceIds: [sourceId], name: 'p', transform: parseTransform(transform) }] }
}

const tableOf = (current: PartitionSpec): Partitioning => ({
  schemas: [
    {
      schemaId: 0,
      fields: [
        { id: 1, name: 'id', required: false, type: { kind: 'long' } },
        {
          id: 2,
          name: 'tags',
          required: false,
          type: { kind: 'list', elementId: 3, elementRequired: false, element: { kind: 'int' } },
        },
      ],
      identifierFieldIds: [],
    },
  ],
  currentSchemaId: 0,
  partitionSpecs: [{ specId: 0, fields: [] }, current],
  defaultSpecId: current.specId,
})

test('files of an older spec go to the current one, files of the current one stay', () => {
  const outputSpecOf = outputSpecs(tableOf(specOf(1, 1, 'bucket[4]')))
  assert.deepEqual([outputSpecOf(0), outputSpecOf(1)], [1, undefined])
})

test('a field that was dropped is void and needs no column', () => {
  assert.equal(outputSpecs(tableOf(specOf(1, 99, 'void')))(0), 1)
})

for (const [what, spec] of [
  ['an unknown transform', specOf(1, 1, 'zorder')],
  ['a column that is not in the schema', specOf(1, 99, 'identity')],
  ['a column inside a list', specOf(1, 3, 'identity')],
  ['a transform that the type does not have', specOf(1, 1, 'day')],
] as const) {
  test(`files stay where they are if the current spec has ${what}`, () => {
    assert.equal(outputSpecs(tableOf(spec))(0), undefined)
  })
}
