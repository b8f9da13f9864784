import { formatTransform, type Transform } from '@moraine/iceberg/partition/transform'
import type { PrimitiveType } from '@moraine/iceberg/schema/type'
import { unreachable } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { BUCKET_HASH } from '../duckdb/bucket-hash.ts'
import { plainSql } from './plain-value.ts'

/**
 * A transform's value of a column as SQL, in the plain form of its result type (plain-value.ts); exactly what
 * `transformFunction` computes.
 *
 * @param value an expression of the source column, of its type's DuckDB type
 * @throws {MoraineError} `unsupported` for a transform whose values cannot be computed
 */
export function transformSql(transform: Transform, source: PrimitiveType, value: string): string {
  switch (transform.kind) {
    case 'identity':
      return plainSql(source, value)
    case 'void':
      return 'NULL'
    case 'bucket':
      return `CAST((${bucketHashSql(source, value)} & 2147483647) % ${transform.buckets} AS BIGINT)`
    case 'truncate':
      return truncateSql(source, transform.width, value)
    case 'year':
      return `(year(${dateSql(source, value)}) - 1970)`
    case 'month':
      return `((year(${dateSql(source, value)}) - 1970) * 12 + month(${dateSql(source, value)}) - 1)`
    case 'day':
      return daysSql(source, value)
    case 'hour':
      return floorDivSql(plainSql(source, value), ticksPerHour(source))
    case 'unknown':
      throw new MoraineError('unsupported', `values of transform ${formatTransform(transform)} cannot be computed`)
    default:
      return unreachable(transform)
  }
}

function bucketHashSql(source: PrimitiveType, value: string): string {
  const { kind } = source
  if (kind === 'string') return `${BUCKET_HASH.bytes}(encode(${value}))`
  if (kind === 'fixed' || kind === 'binary') return `${BUCKET_HASH.bytes}(${value})`
  const plain = plainSql(source, value)
  if (kind === 'uuid') return `${BUCKET_HASH.bytes}(from_hex(${plain}))`
  if (kind === 'decimal') return `${BUCKET_HASH.unscaled}(CAST(${plain} AS VARCHAR))`
  return `${BUCKET_HASH.long}(${kind.endsWith('_ns') ? floorDivSql(plain, 1000) : plain})`
}

// Results below the type's lowest value wrap around, as they do for every writer.
function truncateSql(source: PrimitiveType, width: number, value: string): string {
  const { kind } = source
  if (kind === 'string') return `left(${value}, ${width})`
  if (kind === 'binary') return plainSql(source, `${value}[1:${width}]`)
  const floor = floorSql(plainSql(source, value), width)
  return kind === 'decimal' ? floor : wrapSql(floor, kind === 'int' ? 32 : 64)
}

function wrapSql(value: string, bits: 32 | 64): string {
  const modulus = 2n ** BigInt(bits)
  const half = modulus / 2n
  return `CAST(CASE WHEN ${value} < ${-half} THEN ${value} + ${modulus} ELSE ${value} END AS BIGINT)`
}

// DuckDB's division and remainder round towards zero.
function floorSql(value: string, width: number): string {
  const wide = `CAST(${value} AS HUGEINT)`
  return `(${wide} - ((${wide} % ${width}) + ${width}) % ${width})`
}

function floorDivSql(value: string, divisor: number): string {
  return `(CASE WHEN ${value} >= 0 THEN ${value} // ${divisor} ELSE -((-(${value} + 1)) // ${divisor}) - 1 END)`
}

function dateSql(source: PrimitiveType, value: string): string {
  return source.kind === 'date' ? value : `(DATE '1970-01-01' + CAST(${daysSql(source, value)} AS INTEGER))`
}

function daysSql(source: PrimitiveType, value: string): string {
  const plain = plainSql(source, value)
  return source.kind === 'date' ? plain : floorDivSql(plain, ticksPerHour(source) * 24)
}

function ticksPerHour(source: PrimitiveType): number {
  return source.kind.endsWith('_ns') ? 3_600_000_000_000 : 3_600_000_000
}
