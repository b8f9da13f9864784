import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import type { PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import { parseTransform } from '@moraine/iceberg/partition/transform'
import { transformFunction } from '@moraine/iceberg/partition/transform-function'
import type { PrimitiveType } from '@moraine/iceberg/schema/type'
import type { Literal } from '@moraine/iceberg/value/literal'
import { encodeSingleValue } from '@moraine/iceberg/value/single-value'
import { partitionFault } from './partition-fault.ts'

const ROWS = 10

function faultOf(
  transform: string,
  type: PrimitiveType,
  partition: PartitionTuple,
  bounds: readonly [Literal, Literal] | undefined,
  nulls = bounds === undefined ? ROWS : 0,
): string | undefined {
  const metrics = {
    ...EMPTY_METRICS,
    nullValueCounts: new Map([[1, nulls]]),
    ...(bounds !== undefined && {
      lowerBounds: new Map([[1, encodeSingleValue(type, bounds[0])]]),
      upperBounds: new Map([[1, encodeSingleValue(type, bounds[1])]]),
    }),
  }
  const spec = {
    specId: 1,
    fields: [{ fieldId: 1000, sourceIds: [1], name: 'p', transform: parseTransform(transform) }],
  }
  const schema = { schemaId: 0, fields: [{ id: 1, name: 'c', required: false, type }], identifierFieldIds: [] }
  return partitionFault({ metrics, recordCount: ROWS }, partition, spec, schema)
}

const DAY = 86_400_000_000n
const LONG: PrimitiveType = { kind: 'long' }
const TEXT: PrimitiveType = { kind: 'string' }
const TIME: PrimitiveType = { kind: 'timestamp' }
const bucketOf = (value: bigint) => transformFunction(parseTransform('bucket[16]'), LONG)(value)

const fitting: readonly [string, PrimitiveType, PartitionTuple, readonly [Literal, Literal] | undefined][] = [
  ['identity', LONG, [5n], [5n, 5n]],
  ['day', TIME, [3], [3n * DAY, 4n * DAY - 1n]],
  ['truncate[10]', LONG, [-10n], [-10n, -1n]],
  // Bounds of long texts are cut, so they only enclose.
  ['identity', TEXT, ['abcdefghijklmnopqrstuvw'], ['abcdefghijklmnop', 'abcdefghijklmnoq']],
  ['bucket[16]', LONG, [bucketOf(7n)], [7n, 7n]],
  ['bucket[16]', LONG, [3], [0n, 1000n]],
  ['identity', LONG, [null], undefined],
  ['void', LONG, [null], [0n, 9n]],
]
for (const [transform, type, partition, bounds] of fitting) {
  test(`${transform} of ${type.kind} ${String(bounds)} may be ${String(partition)}`, () => {
    assert.equal(faultOf(transform, type, partition, bounds), undefined)
  })
}

const faulty: readonly [string, PrimitiveType, PartitionTuple, readonly [Literal, Literal] | undefined, RegExp][] = [
  ['identity', LONG, [5n], [5n, 6n], /values from 5 to 6 do not belong to 5/],
  ['identity', LONG, [7n], [5n, 6n], /p: values from 5 to 6 do not belong to 7/],
  ['day', TIME, [3], [4n * DAY, 4n * DAY], /do not belong to 3/],
  ['bucket[16]', LONG, [((bucketOf(7n) as number) + 1) % 16], [7n, 7n], /values from 7 to 7 do not belong/],
  ['identity', LONG, [5n], undefined, /10 of 10 rows are null, and the partition's value is not/],
  ['identity', LONG, [null], [1n, 2n], /0 of 10 rows are null, and the partition's value is null/],
  ['void', LONG, [1n], [1n, 1n], /it is void/],
  ['twist', LONG, ['x'], [1n, 1n], /cannot be computed/],
  ['identity', LONG, [], [1n, 1n], /has 0 values, spec 1 has 1 fields/],
]
for (const [transform, type, partition, bounds, message] of faulty) {
  test(`${transform} of ${type.kind} ${String(bounds)} cannot be ${String(partition)}`, () => {
    assert.match(faultOf(transform, type, partition, bounds) ?? 'no fault', message)
  })
}
