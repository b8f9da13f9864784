import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import { isKind } from '@moraine/stdx/error'
import { checkPartitionNames } from './check-partition-names.ts'

const spec = (specId: number, ...names: readonly string[]): PartitionSpec => ({
  specId,
  fields: names.map((name, at) => ({
    fieldId: 1000 + at,
    sourceIds: [at + 1],
    name,
    transform: { kind: 'identity' },
  })),
})

const TABLE = { partitionSpecs: [spec(0), spec(1, 'day'), spec(2, 'sold in', 'day')], defaultSpecId: 2 }
const PRESENT = new Set(['', 'day=2026-01-01', 'sold+in=eu/day=2026-01-02', 'sold+in=a%2Fb/day=null'])

test('partitions that have files pass, whatever their spec', () => {
  checkPartitionNames([...PRESENT], PRESENT, TABLE)
  checkPartitionNames([''], new Set(['']), { partitionSpecs: [spec(0)], defaultSpecId: 0 })
})

const SHAPE = /sold\+in=VALUE\/day=VALUE; there are files in 'sold\+in=eu\/day=2026-01-02', 'sold/

for (const [what, name, kind, text] of [
  ['unknown', 'sold+in=us/day=2026-01-02', 'not-found', /^partition 'sold\+in=us\/day=2026-01-02' has no files; there/],
  ['no name at all', 'eu', 'invalid-input', SHAPE],
  ['with a part that is no field', 'sold+in=eu/2026-01-02', 'invalid-input', SHAPE],
  [
    'of other fields',
    'region=eu',
    'invalid-input',
    /'region=eu' has other fields than the table's; .*=VALUE\/day=VALUE/,
  ],
  ['of fields that are not encoded', 'sold in=eu/day=2026-01-02', 'invalid-input', SHAPE],
  ['of an earlier spec', 'day=2026-01-09', 'not-found', /is of partition spec 1, an earlier one, .*day=VALUE; there/],
] as const) {
  test(`a name ${what} is refused with what there is`, () => {
    assert.throws(
      () => checkPartitionNames(['day=2026-01-01', name], PRESENT, TABLE),
      (error) => isKind(error, kind) && text.test(error.message) && error.message.includes(name),
    )
  })
}

test('a table without partitions, or without files, is said to be', () => {
  const unpartitioned = { partitionSpecs: [spec(0)], defaultSpecId: 0 }
  assert.throws(() => checkPartitionNames(['day=1'], new Set(['']), unpartitioned), /'day=1': the table is not partit/)
  assert.throws(() => checkPartitionNames(['sold+in=a/day=b'], new Set(), TABLE), /no files; the table has no files$/)
})

test('of many partitions some are named', () => {
  const many = new Set(Array.from({ length: 9 }, (_, at) => `day=${at}`))
  const table = { partitionSpecs: [spec(1, 'day')], defaultSpecId: 1 }
  assert.throws(() => checkPartitionNames(['day=x'], many, table), /in 'day=8', .*, 'day=4' and 4 more$/)
})
