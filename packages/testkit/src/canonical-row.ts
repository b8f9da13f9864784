import { type IcebergType, isPrimitive, type NestedField, type PrimitiveType } from '@moraine/iceberg/schema/type'
import type { Literal } from '@moraine/iceberg/value/literal'
import { MoraineError } from '@moraine/stdx/error'
import { formatUuid } from '@moraine/stdx/random'
import { dateText, doubleText, singleText, timestampText, timeText, unscaledText } from './canonical-text.ts'

/**
 * A value of a row in memory: primitives as `Literal` says (any integer may be a bigint or a safe number, a uuid its
 * text), a list as an array, a map as a `Map` or an array of pairs, a struct as an object by field name. A variant is
 * any JSON value.
 */
export type RowValue = null | Literal | readonly RowValue[] | ReadonlyMap<RowValue, RowValue> | RowStruct
export type RowStruct = { readonly [name: string]: RowValue | undefined }

/**
 * The canonical text of a row (interop/lab/canonical-row.md): equal for equal rows, whichever engine read them.
 *
 * @throws {MoraineError} `invalid-input` if a value does not fit its type, or a column is absent from `row`.
 */
export function canonicalRow(row: RowStruct, fields: readonly NestedField[]): string {
  return structText(row, fields, '')
}

/** Sorted by UTF-8 bytes: the order of rows, of keys and of a map's entries in the canonical form. */
export function sortCanonical(texts: readonly string[]): string[] {
  return texts.toSorted(compareUtf8)
}

function valueText(value: RowValue | undefined, type: IcebergType, place: string): string {
  if (value === null) return 'null'
  if (isPrimitive(type)) return type.kind === 'variant' ? variantText(value, place) : primitiveText(value, type, place)
  switch (type.kind) {
    case 'struct':
      return isStruct(value) ? structText(value, type.fields, `${place}.`) : misfit(value, 'struct', place)
    case 'list':
      if (!isList(value)) return misfit(value, 'list', place)
      return `[${value.map((item) => valueText(item, type.element, `${place}.element`)).join()}]`
    case 'map': {
      const entries = entriesOf(value, place).map(([key, item]) => [
        valueText(key, type.key, `${place}.key`),
        valueText(item, type.value, `${place}.value`),
      ])
      return `[${sortByFirst(entries)
        .map(([key, item]) => `[${key},${item}]`)
        .join()}]`
    }
  }
}

// Built as text: JSON.stringify puts keys that look like array indexes before all others.
function structText(row: RowStruct, fields: readonly NestedField[], place: string): string {
  const members = fields.map(({ name, type }) => [
    name,
    valueText(Object.hasOwn(row, name) ? row[name] : undefined, type, place + name),
  ])
  return objectText(members, place)
}

function objectText(members: readonly (readonly string[])[], place: string): string {
  return `{${sortByFirst(members)
    .map(([name = '', value]) => `${stringText(name, place)}:${value}`)
    .join()}}`
}

function variantText(value: RowValue | undefined, place: string): string {
  if (value === null) return 'null'
  if (isList(value)) return `[${value.map((item) => variantText(item, place)).join()}]`
  if (isStruct(value)) {
    return objectText(
      Object.entries(value).map(([key, item]) => [key, variantText(item, `${place}.${key}`)]),
      place,
    )
  }
  if (typeof value === 'string') return stringText(value, place)
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return `"${value}"`
  return value === undefined ? misfit(value, 'variant', place) : String(value)
}

function primitiveText(value: RowValue | undefined, type: PrimitiveType, place: string): string {
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : misfit(value, type.kind, place)
    case 'int':
    case 'long':
      return String(integer(value, type.kind, place))
    case 'float':
      return `"${singleText(float(value, type.kind, place))}"`
    case 'double':
      return `"${doubleText(float(value, type.kind, place))}"`
    case 'decimal':
      return `"${unscaledText(integer(value, type.kind, place), type.scale)}"`
    case 'date':
      return `"${dateText(integer(value, type.kind, place))}"`
    case 'time':
      return `"${timeText(integer(value, type.kind, place), 6)}"`
    case 'timestamp':
    case 'timestamptz':
      return `"${timestampText(integer(value, type.kind, place), 6)}${type.kind === 'timestamptz' ? 'Z' : ''}"`
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return `"${timestampText(integer(value, type.kind, place), 9)}${type.kind === 'timestamptz_ns' ? 'Z' : ''}"`
    case 'string':
      return typeof value === 'string' ? stringText(value, place) : misfit(value, type.kind, place)
    case 'uuid':
      return `"${typeof value === 'string' ? value.toLowerCase() : formatUuid(bytes(value, type.kind, place))}"`
    case 'fixed':
    case 'binary':
    case 'geometry':
    case 'geography':
      return `"${Buffer.from(bytes(value, type.kind, place)).toString('hex')}"`
    case 'variant':
      return variantText(value, place)
    case 'unknown':
      return misfit(value, type.kind, place)
  }
}

function stringText(value: string, place: string): string {
  return value.isWellFormed() ? JSON.stringify(value) : misfit(value, 'string without lone surrogates', place)
}

function integer(value: RowValue | undefined, kind: string, place: string): bigint {
  if (typeof value === 'bigint') return value
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : misfit(value, kind, place)
}

function float(value: RowValue | undefined, kind: string, place: string): number {
  return typeof value === 'number' ? value : misfit(value, kind, place)
}

function bytes(value: RowValue | undefined, kind: string, place: string): Uint8Array {
  return value instanceof Uint8Array ? value : misfit(value, kind, place)
}

function entriesOf(value: RowValue | undefined, place: string): readonly (readonly RowValue[])[] {
  if (value instanceof Map) return [...value.entries()]
  return isList(value) && value.every((pair) => isList(pair)) ? value : misfit(value, 'map', place)
}

// Array.isArray does not narrow readonly arrays.
function isList(value: RowValue | undefined): value is readonly RowValue[] {
  return Array.isArray(value)
}

function isStruct(value: RowValue | undefined): value is RowStruct {
  return (
    typeof value === 'object' &&
    value !== null &&
    !isList(value) &&
    !(value instanceof Map) &&
    !(value instanceof Uint8Array)
  )
}

function misfit(value: RowValue | undefined, wanted: string, place: string): never {
  const found = value === undefined ? 'is absent' : `holds a ${typeof value}`
  throw new MoraineError('invalid-input', `${place || 'the row'} ${found}, which is no ${wanted}`)
}

function sortByFirst<T extends readonly string[]>(items: readonly T[]): T[] {
  return items.toSorted(([left = ''], [right = '']) => compareUtf8(left, right))
}

function compareUtf8(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}
