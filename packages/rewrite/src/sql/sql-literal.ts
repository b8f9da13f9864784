import type { IcebergType, NestedField, PrimitiveType } from '@moraine/iceberg/schema/type'
import { isPrimitive } from '@moraine/iceberg/schema/type'
import { formatDecimal } from '@moraine/iceberg/value/decimal'
import { jsonSingleValue } from '@moraine/iceberg/value/json-single-value'
import { bigintOf, bytesOf, type Literal, numberOf, stringOf } from '@moraine/iceberg/value/literal'
import { MoraineError } from '@moraine/stdx/error'
import type { JsonValue } from '@moraine/stdx/exact-json'
import { addressableNames } from './column-names.ts'
import { sqlName, sqlText } from './sql-text.ts'
import { sqlType } from './sql-type.ts'

/** A value as an SQL expression of its type's DuckDB type. */
export function sqlLiteral(type: PrimitiveType, value: Literal): string {
  switch (type.kind) {
    case 'boolean':
      return value === true ? 'TRUE' : 'FALSE'
    case 'int':
    case 'long':
    case 'timestamptz_ns':
      return cast(bigintOf(value).toString(), type)
    case 'float':
    case 'double':
      return cast(floatText(numberOf(value)), type)
    case 'decimal':
      return cast(formatDecimal({ unscaled: bigintOf(value), scale: type.scale }), type)
    case 'date':
      return `(DATE '1970-01-01' + ${numberOf(value)})`
    case 'time':
      return `(TIME '00:00:00' + to_microseconds(${bigintOf(value)}))`
    case 'timestamp':
      return `make_timestamp(${bigintOf(value)})`
    case 'timestamptz':
      return `CAST(make_timestamp(${bigintOf(value)}) AS ${sqlType(type)})`
    case 'timestamp_ns':
      return `make_timestamp_ns(${bigintOf(value)})`
    case 'string':
      return `decode(${bytesLiteral(Buffer.from(stringOf(value)))})`
    case 'uuid':
      return cast(Buffer.from(bytesOf(value)).toString('hex'), type)
    case 'fixed':
    case 'binary':
      return bytesLiteral(bytesOf(value))
    case 'variant':
    case 'geometry':
    case 'geography':
    case 'unknown':
      throw new MoraineError('unsupported', `values of type ${type.kind} have no SQL form`)
  }
}

export function sqlNull(type: IcebergType): string {
  return `CAST(NULL AS ${sqlType(type)})`
}

/** The value of rows written before the field existed: its initial default, or null. `undefined` if it must not be null. */
export function sqlDefault(field: NestedField, what: string): string | undefined {
  const { type, initialDefault } = field
  if (initialDefault === undefined) return field.required ? undefined : sqlNull(type)
  if (isPrimitive(type)) {
    const place = { document: what, kind: 'corrupt' as const, key: 'initial-default' }
    // The default is in its JSON form, as metadata holds it.
    return sqlLiteral(type, jsonSingleValue(type)(initialDefault as JsonValue, place))
  }
  if (type.kind === 'struct') return structDefault(type.fields, what)
  throw new MoraineError('unsupported', `${what}: a default of type ${type.kind} cannot be applied`)
}

// A struct's default says only that the struct is there; its fields have their own.
function structDefault(fields: readonly NestedField[], what: string): string | undefined {
  const names = addressableNames(fields, 'nested')
  const members: string[] = []
  for (const [at, field] of fields.entries()) {
    const value = sqlDefault(field, `${what}.${field.name}`)
    if (value === undefined) return undefined
    members.push(`${sqlName(names[at] ?? '')} := ${value}`)
  }
  return `struct_pack(${members.join(', ')})`
}

function cast(text: string, type: PrimitiveType): string {
  return `CAST(${sqlText(text)} AS ${sqlType(type)})`
}

function floatText(value: number): string {
  return Object.is(value, -0) ? '-0.0' : String(value)
}

function bytesLiteral(bytes: Uint8Array): string {
  return `from_hex('${Buffer.from(bytes).toString('hex')}')`
}
