import type { AvroSchema, AvroUnion } from './avro-schema.ts'

/**
 * A value of any schema:
 *
 * | Avro | here |
 * |---|---|
 * | null, boolean, string | the same |
 * | int, float, double | number |
 * | long | bigint |
 * | bytes, fixed | Uint8Array |
 * | enum | its symbol |
 * | array | array |
 * | map | Map |
 * | record | object without prototype, by field name |
 * | union of null and one other type | null or the value |
 * | any other union | `{ branch, value }`, since the value alone may fit several branches |
 *
 * Logical types are left to the caller: a date is a number, a decimal its bytes.
 */
export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroValue[]
  | ReadonlyMap<string, AvroValue>
  | AvroRecordValue
  | AvroUnionValue

export type AvroRecordValue = { readonly [field: string]: AvroValue }
export type AvroUnionValue = { readonly branch: number; readonly value: AvroValue }

/** If a union is null or one other type, which branch is null, which the other. */
export function optionOf(union: AvroUnion): { readonly nullBranch: 0 | 1; readonly schema: AvroSchema } | undefined {
  const [first, second, ...more] = union.branches
  if (first === undefined || second === undefined || more.length > 0) return undefined
  if (first.kind === 'null' && second.kind !== 'null') return { nullBranch: 0, schema: second }
  if (second.kind === 'null' && first.kind !== 'null') return { nullBranch: 1, schema: first }
  return undefined
}
