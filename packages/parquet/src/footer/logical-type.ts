import { unreachable } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import {
  EMPTY_STRUCT,
  encodeCompactTree,
  findField,
  readTree,
  structField,
  structOf,
  type ThriftStruct,
  type ThriftValue,
  textValue,
  writeTree,
} from '@moraine/thrift/thrift-tree'
import type { ThriftType } from '@moraine/thrift/thrift-type'
import { WireType } from '@moraine/thrift/wire-type'

/**
 * What the bytes of a column mean (parquet.thrift, `LogicalType`). `other` is one that this version does not know;
 * its text tells two of them apart.
 */
export type LogicalType =
  | { readonly kind: PlainKind }
  | { readonly kind: 'decimal'; readonly scale: number; readonly precision: number }
  | { readonly kind: 'time' | 'timestamp'; readonly isAdjustedToUtc: boolean; readonly unit: LogicalTimeUnit }
  | { readonly kind: 'integer'; readonly bitWidth: number; readonly isSigned: boolean }
  | { readonly kind: 'variant'; readonly version?: number }
  | { readonly kind: 'geometry'; readonly crs?: string }
  | { readonly kind: 'geography'; readonly crs?: string; readonly algorithm?: number }
  /** Only the older annotation has it. */
  | { readonly kind: 'interval' }
  | { readonly kind: 'other'; readonly fieldId: number; readonly hex: string }

export type LogicalTimeUnit = 'millis' | 'micros' | 'nanos'

type PlainKind = 'string' | 'map' | 'list' | 'enum' | 'date' | 'null' | 'json' | 'bson' | 'uuid' | 'float16'

/** Decodes the union; a damaged one is `corrupt`. */
export const logicalType: ThriftType<LogicalType> = {
  wireType: WireType.struct,
  read: (reader) => parseLogicalType(readTree(reader)),
  write: (writer, value) => writeTree(writer, formatLogicalType(value)),
}

/** The union as the footer holds it. */
export function formatLogicalType(type: LogicalType): ThriftStruct {
  switch (type.kind) {
    case 'decimal':
      return structOf({ 5: structOf({ 1: i32(type.scale), 2: i32(type.precision) }) })
    case 'time':
    case 'timestamp': {
      const unit = structOf({ [TIME_UNITS.indexOf(type.unit) + 1]: EMPTY_STRUCT })
      const time = structOf({ 1: { type: 'bool', value: type.isAdjustedToUtc }, 2: unit })
      return structOf({ [type.kind === 'time' ? 7 : 8]: time })
    }
    case 'integer': {
      const width: ThriftValue = { type: 'i8', value: type.bitWidth }
      return structOf({ 10: structOf({ 1: width, 2: { type: 'bool', value: type.isSigned } }) })
    }
    case 'variant':
      return structOf({
        16: structOf({ 1: type.version === undefined ? undefined : { type: 'i8', value: type.version } }),
      })
    case 'geometry':
      return structOf({ 17: structOf({ 1: optionalText(type.crs) }) })
    case 'geography': {
      const algorithm = type.algorithm === undefined ? undefined : i32(type.algorithm)
      return structOf({ 18: structOf({ 1: optionalText(type.crs), 2: algorithm }) })
    }
    case 'interval':
    case 'other':
      throw new MoraineError('unsupported', `logical type ${logicalTypeText(type)} cannot be written`)
    case 'string':
    case 'map':
    case 'list':
    case 'enum':
    case 'date':
    case 'null':
    case 'json':
    case 'bson':
    case 'uuid':
    case 'float16':
      return structOf({ [PLAIN_IDS[type.kind]]: EMPTY_STRUCT })
    default:
      return unreachable(type)
  }
}

/** The logical type that an annotation of the older kind stands for (parquet-format, LogicalTypes.md). */
export function fromConvertedType(converted: number, scale = 0, precision = 0): LogicalType | undefined {
  const plain = PLAIN_OF_CONVERTED[converted]
  if (plain !== undefined) return { kind: plain }
  switch (converted) {
    case 5:
      return { kind: 'decimal', scale, precision }
    case 7:
      return { kind: 'time', isAdjustedToUtc: true, unit: 'millis' }
    case 8:
      return { kind: 'time', isAdjustedToUtc: true, unit: 'micros' }
    case 9:
      return { kind: 'timestamp', isAdjustedToUtc: true, unit: 'millis' }
    case 10:
      return { kind: 'timestamp', isAdjustedToUtc: true, unit: 'micros' }
    case 21:
      return { kind: 'interval' }
    default:
      if (converted < 11 || converted > 18) return undefined
      return { kind: 'integer', bitWidth: 8 << ((converted - 11) & 3), isSigned: converted >= 15 }
  }
}

/** The annotation of the older kind that must accompany a logical type, if there is one. */
export function toConvertedType(type: LogicalType): number | undefined {
  const converted = Array.from({ length: 22 }, (_, code) => code).find((code) => {
    const legacy = fromConvertedType(code)
    if (legacy === undefined || legacy.kind !== type.kind) return false
    if (type.kind === 'decimal') return true
    // The older kinds do not know whether times are adjusted to UTC.
    const compared = type.kind === 'time' || type.kind === 'timestamp' ? { ...type, isAdjustedToUtc: true } : type
    return logicalTypeText(legacy) === logicalTypeText(compared)
  })
  return converted
}

/** A text that is equal for equal types only. */
export function logicalTypeText(type: LogicalType): string {
  return Object.values(type).join(' ')
}

const TIME_UNITS: readonly LogicalTimeUnit[] = ['millis', 'micros', 'nanos']

const PLAIN_IDS: Record<PlainKind, number> = {
  string: 1,
  map: 2,
  list: 3,
  enum: 4,
  date: 6,
  null: 11,
  json: 12,
  bson: 13,
  uuid: 14,
  float16: 15,
}
const PLAIN_OF_ID = new Map(Object.entries(PLAIN_IDS).map(([kind, id]) => [id, kind as PlainKind]))

// UTF8, MAP, MAP_KEY_VALUE (an old name of MAP), LIST, ENUM, DATE, JSON, BSON
const PLAIN_OF_CONVERTED: Readonly<Record<number, PlainKind | undefined>> = {
  0: 'string',
  1: 'map',
  2: 'map',
  3: 'list',
  4: 'enum',
  6: 'date',
  19: 'json',
  20: 'bson',
}

function parseLogicalType(union: ThriftStruct): LogicalType {
  const member = union.fields[0]
  if (member === undefined || union.fields.length > 1) {
    throw new MoraineError('corrupt', `a logical type has ${union.fields.length} members, expected one`)
  }
  const { id } = member
  const plain = PLAIN_OF_ID.get(id)
  if (plain !== undefined) return { kind: plain }
  const body = structField(union, id) ?? EMPTY_STRUCT
  switch (id) {
    case 5:
      return { kind: 'decimal', scale: integer(body, 1), precision: integer(body, 2) }
    case 7:
    case 8:
      return { kind: id === 7 ? 'time' : 'timestamp', isAdjustedToUtc: flag(body, 1), unit: timeUnit(body) }
    case 10:
      return { kind: 'integer', bitWidth: integer(body, 1), isSigned: flag(body, 2) }
    case 16: {
      const version = findField(body, 1)
      return version === undefined ? { kind: 'variant' } : { kind: 'variant', version: integer(body, 1) }
    }
    case 17:
      return { kind: 'geometry', ...optional('crs', text(body, 1)) }
    case 18: {
      const algorithm = findField(body, 2) === undefined ? undefined : integer(body, 2)
      return { kind: 'geography', ...optional('crs', text(body, 1)), ...optional('algorithm', algorithm) }
    }
    default:
      return { kind: 'other', fieldId: id, hex: Buffer.from(encodeCompactTree(union)).toString('hex') }
  }
}

function timeUnit(body: ThriftStruct): LogicalTimeUnit {
  const unit = TIME_UNITS[(structField(body, 2)?.fields[0]?.id ?? 0) - 1]
  if (unit === undefined) throw new MoraineError('corrupt', 'a time or timestamp type has no known unit')
  return unit
}

function integer(struct: ThriftStruct, id: number): number {
  const value = findField(struct, id)
  if (value?.type === 'i32' || value?.type === 'i8') return value.value
  throw new MoraineError('corrupt', `field ${id} of a logical type is not an integer`)
}

function flag(struct: ThriftStruct, id: number): boolean {
  const value = findField(struct, id)
  if (value?.type === 'bool') return value.value
  throw new MoraineError('corrupt', `field ${id} of a logical type is not a bool`)
}

function text(struct: ThriftStruct, id: number): string | undefined {
  const value = findField(struct, id)
  if (value === undefined) return undefined
  if (value.type === 'binary') return Buffer.from(value.value).toString()
  throw new MoraineError('corrupt', `field ${id} of a logical type is not a string`)
}

function optional<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T }
}

function optionalText(value: string | undefined): ThriftValue | undefined {
  return value === undefined ? undefined : textValue(value)
}

function i32(value: number): ThriftValue {
  return { type: 'i32', value }
}
