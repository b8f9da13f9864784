import { MoraineError } from '@moraine/stdx/error'
import type { JsonValue } from '@moraine/stdx/exact-json'
import { type JsonDecoder, listOf, record, required, text } from '@moraine/stdx/exact-json-decode'
import { doubleText, singleText } from '@moraine/testkit/canonical-text'

/** A column of an answer of Trino's protocol. */
export type TrinoColumn = { readonly name: string; readonly type: TrinoType }

type TrinoType =
  | { readonly kind: string }
  | { readonly kind: 'array'; readonly element: TrinoType }
  | { readonly kind: 'row'; readonly fields: readonly TrinoColumn[] }

export const trinoColumn: JsonDecoder<TrinoColumn> = (value, place) => {
  const column = record(value, place)
  return { name: required(column, 'name', text), type: required(column, 'typeSignature', trinoType) }
}

const trinoType: JsonDecoder<TrinoType> = (value, place) => {
  const signature = record(value, place)
  const kind = required(signature, 'rawType', text)
  if (kind === 'array') {
    const [element] = required(signature, 'arguments', listOf(argument(trinoType)))
    if (element !== undefined) return { kind, element }
  }
  if (kind === 'row') return { kind, fields: required(signature, 'arguments', listOf(argument(namedType))) }
  return { kind }
}

function argument<T>(decode: JsonDecoder<T>): JsonDecoder<T> {
  return (value, place) => required(record(value, place), 'value', decode)
}

const namedType: JsonDecoder<TrinoColumn> = (value, place) => {
  const named = record(value, place)
  const name = required(required(named, 'fieldName', record), 'name', text)
  return { name, type: required(named, 'typeSignature', trinoType) }
}

/** The canonical text (canonical-row.md) of a row. Maps, whose keys the protocol has as texts only, are refused. */
export function canonicalTrinoRow(values: readonly JsonValue[], columns: readonly TrinoColumn[]): string {
  const members = columns.map(({ name, type }, at) => ({ name, value: canonicalText(values[at] ?? null, type) }))
  const sorted = members.toSorted((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)))
  return `{${sorted.map(({ name, value }) => `${JSON.stringify(name)}:${value}`).join()}}`
}

function canonicalText(value: JsonValue, type: TrinoType): string {
  if (value === null) return 'null'
  if ('element' in type)
    return `[${listed(value)
      .map((item) => canonicalText(item, type.element))
      .join()}]`
  if ('fields' in type) return canonicalTrinoRow(listed(value), type.fields)
  switch (type.kind) {
    case 'boolean':
    case 'tinyint':
    case 'smallint':
    case 'integer':
    case 'bigint':
      return String(value)
    case 'real':
      return `"${singleText(Number(value))}"`
    case 'double':
      return `"${doubleText(Number(value))}"`
    case 'timestamp':
    case 'timestamp with time zone':
      return JSON.stringify(String(value).replace(' ', 'T').replace(' UTC', 'Z'))
    case 'varbinary':
      return JSON.stringify(Buffer.from(String(value), 'base64').toString('hex'))
    case 'decimal':
    case 'date':
    case 'time':
    case 'varchar':
    case 'uuid':
      return JSON.stringify(value)
    default:
      throw new MoraineError('unsupported', `Trino's type ${type.kind} has no canonical text here`)
  }
}

function listed(value: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw new MoraineError('corrupt', 'Trino answered no list for a list or row')
  return value as readonly JsonValue[]
}
