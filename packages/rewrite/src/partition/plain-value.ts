import type { PrimitiveType } from '@moraine/iceberg/schema/type'
import { bigintOf, type Literal, numberOf, stringOf } from '@moraine/iceberg/value/literal'
import { MoraineError } from '@moraine/stdx/error'

/**
 * The SQL expression of a value in a form that compares exactly and leaves the database without loss: integers as
 * BIGINT (days, micro- or nanoseconds for times), decimals as HUGEINT without their scale, bytes as hexadecimal digits,
 * floating-point numbers as text, which tells -0 from 0.
 *
 * @param value an expression of the type's {@link sqlType}
 * @throws {MoraineError} `unsupported` for types whose values have no such form
 */
export function plainSql(type: PrimitiveType, value: string): string {
  switch (type.kind) {
    case 'boolean':
    case 'string':
      return value
    case 'int':
    case 'long':
    case 'timestamptz_ns':
      return `CAST(${value} AS BIGINT)`
    case 'date':
      return `CAST(${value} - DATE '1970-01-01' AS BIGINT)`
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return `epoch_us(${value})`
    case 'timestamp_ns':
      return `epoch_ns(${value})`
    case 'decimal':
      return `CAST(replace(CAST(${value} AS VARCHAR), '.', '') AS HUGEINT)`
    case 'float':
    case 'double':
      return `CAST(${value} AS VARCHAR)`
    case 'uuid':
      return `replace(CAST(${value} AS VARCHAR), '-', '')`
    case 'fixed':
    case 'binary':
      return `hex(${value})`
    case 'variant':
    case 'geometry':
    case 'geography':
    case 'unknown':
      throw new MoraineError('unsupported', `values of type ${type.kind} cannot be compared`)
  }
}

/** A value that a statement gave for {@link plainSql}, HUGEINT cast to VARCHAR. */
export function readPlain({ kind }: PrimitiveType, value: unknown): Literal | null {
  if (value === null) return null
  const literal = value as Literal
  if (kind === 'boolean' || kind === 'string') return literal
  if (kind === 'int' || kind === 'date') return numberOf(literal)
  if (kind === 'decimal') return BigInt(stringOf(literal))
  if (kind === 'float') return Math.fround(readFloat(stringOf(literal)))
  if (kind === 'double') return readFloat(stringOf(literal))
  if (BYTES.has(kind)) return new Uint8Array(Buffer.from(stringOf(literal), 'hex'))
  return bigintOf(literal)
}

const BYTES: ReadonlySet<PrimitiveType['kind']> = new Set(['uuid', 'fixed', 'binary'])

function readFloat(text: string): number {
  const [, sign, infinity] = /^(-?)(inf)/.exec(text) ?? []
  if (infinity !== undefined) return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return text.endsWith('nan') ? Number.NaN : Number(text)
}
