import type { PartitionField, PartitionSpec, PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import { transformResultType } from '@moraine/iceberg/partition/transform'
import { transformFunction } from '@moraine/iceberg/partition/transform-function'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { indexSchema } from '@moraine/iceberg/schema/schema-index'
import { isPrimitive, type PrimitiveType } from '@moraine/iceberg/schema/type'
import { compareLiterals } from '@moraine/iceberg/value/compare'
import type { Literal } from '@moraine/iceberg/value/literal'
import { decodeSingleValue } from '@moraine/iceberg/value/single-value'
import type { OutputDataFile } from '../plan/rewrite-result.ts'

/**
 * What in a new file's metrics contradicts the partition it is said to be of; `undefined` if nothing does. A reader that
 * prunes by partition would never see a row that lies in the wrong one.
 *
 * Transforms keep the order of values, all but `bucket`: the file's bounds transform to the partition's value, or enclose
 * it where they may be wider than the values. A bucket is checked where all rows have the same value.
 */
export function partitionFault(
  file: Pick<OutputDataFile, 'metrics' | 'recordCount'>,
  partition: PartitionTuple,
  spec: PartitionSpec,
  schema: Schema,
): string | undefined {
  if (partition.length !== spec.fields.length) {
    return `its partition has ${partition.length} values, spec ${spec.specId} has ${spec.fields.length} fields`
  }
  const { fieldsById } = indexSchema(schema)
  for (const [at, field] of spec.fields.entries()) {
    const [sourceId] = field.sourceIds
    const source = sourceId === undefined ? undefined : fieldsById.get(sourceId)?.field
    if (source === undefined || !isPrimitive(source.type)) continue
    const fault = fieldFault(file, field, source.id, source.type, partition[at] ?? null)
    if (fault !== undefined) return `partition field ${field.name}: ${fault}`
  }
  return undefined
}

function fieldFault(
  { metrics, recordCount }: Pick<OutputDataFile, 'metrics' | 'recordCount'>,
  { transform }: PartitionField,
  sourceId: number,
  type: PrimitiveType,
  value: Literal | null,
): string | undefined {
  if (transform.kind === 'unknown') return 'values of its transform cannot be computed'
  if (transform.kind === 'void') return value === null ? undefined : 'it is void, and yet has a value'
  const nulls = metrics.nullValueCounts.get(sourceId)
  if (nulls !== undefined && nulls !== (value === null ? recordCount : 0)) {
    return `${nulls} of ${recordCount} rows are null, and the partition's value is ${value === null ? 'null' : 'not'}`
  }
  const lower = metrics.lowerBounds.get(sourceId)
  const upper = metrics.upperBounds.get(sourceId)
  if (value === null || lower === undefined || upper === undefined) return undefined
  const bounds = [decodeSingleValue(type, lower), decodeSingleValue(type, upper)] as const
  const isOne = compareLiterals(type, ...bounds) === 0
  if (transform.kind === 'bucket' && !isOne) return undefined
  const apply = transformFunction(transform, type)
  const result = transformResultType(transform, type)
  const [first, last] = bounds.map((bound) => apply(bound) ?? bound) as [Literal, Literal]
  const [below, above] = [compareLiterals(result, first, value), compareLiterals(result, value, last)]
  if (WIDE.has(type.kind) ? below <= 0 && above <= 0 : below === 0 && above === 0) return undefined
  return `values from ${text(bounds[0])} to ${text(bounds[1])} do not belong to ${text(value)}`
}

// Bounds of long texts and bytes are cut; zero bounds of floating-point numbers are widened to -0 and 0.
const WIDE: ReadonlySet<PrimitiveType['kind']> = new Set(['string', 'binary', 'float', 'double'])

function text(value: Literal): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)
}
