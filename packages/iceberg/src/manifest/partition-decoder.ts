import type { AvroSchema } from '@moraine/avro/avro-schema'
import { optionOf } from '@moraine/avro/avro-value'
import type { ByteCursor } from '@moraine/avro/byte-cursor'
import { compileSkipper } from '@moraine/avro/value-skipper'
import { MoraineError } from '@moraine/stdx/error'
import type { PartitionField, PartitionSpec, PartitionTuple } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { decodeDecimal } from '../value/decimal.ts'
import type { Literal } from '../value/literal.ts'

/** Reads the partition tuple at the cursor, in the order of the spec's fields. */
export type PartitionDecoder = (cursor: ByteCursor) => PartitionTuple

/**
 * A decoder for partition tuples as this file has them. Fields are found by id. Values written before their source
 * column was promoted get the type they have now; where that is `unknown`, they are taken as the file declares them.
 *
 * @throws {MoraineError} `corrupt` if a field of the spec is missing or of a type it cannot have; `what` names the file.
 */
export function compilePartitionDecoder(
  schema: AvroSchema,
  spec: PartitionSpec,
  partitionTypes: readonly PrimitiveType[],
  what: string,
): PartitionDecoder {
  if (schema.kind !== 'record') throw new MoraineError('corrupt', `${what} is damaged: its partition is no record`)
  const steps = schema.fields.map((field) => {
    const index = spec.fields.findIndex((candidate) => candidate.fieldId === field.fieldId)
    const specField = spec.fields[index]
    const type = partitionTypes[index] ?? { kind: 'unknown' }
    if (specField === undefined) return { index: -1, read: skipping(field.schema) }
    return { index, read: reader({ field: specField, type, what }, field.schema) }
  })
  for (const [index, field] of spec.fields.entries()) {
    const isAbsent = !steps.some((step) => step.index === index)
    if (isAbsent && partitionTypes[index]?.kind !== 'unknown') {
      throw new MoraineError('corrupt', `${what}: its partitions lack the field "${field.name}" (${field.fieldId})`)
    }
  }
  return (cursor) => {
    const tuple = new Array<Literal | null>(spec.fields.length).fill(null)
    for (const { index, read } of steps) {
      const value = read(cursor)
      if (index >= 0) tuple[index] = value
    }
    return tuple
  }
}

type ValueReader = (cursor: ByteCursor) => Literal | null
type Wanted = { readonly field: PartitionField; readonly type: PrimitiveType; readonly what: string }

function skipping(schema: AvroSchema): ValueReader {
  const skip = compileSkipper(schema)
  return (cursor) => {
    skip(cursor)
    return null
  }
}

function reader(wanted: Wanted, schema: AvroSchema): ValueReader {
  const option = schema.kind === 'union' ? optionOf(schema) : undefined
  if (option === undefined) return requiredReader(wanted, schema)
  const read = requiredReader(wanted, option.schema)
  return (cursor) => (cursor.readBranch(2) === option.nullBranch ? null : read(cursor))
}

function requiredReader(wanted: Wanted, schema: AvroSchema): ValueReader {
  if (schema.kind === 'null') return () => null
  const read = wanted.type.kind === 'unknown' ? declaredReader(schema) : typedReader(wanted.type, schema)
  if (read !== undefined) return read
  const { field, what, type } = wanted
  const found = schema.logicalType === undefined ? schema.kind : `${schema.kind} (${schema.logicalType})`
  throw new MoraineError('corrupt', `${what}: partition field "${field.name}" is ${found}, which is no ${type.kind}`)
}

/** A reader of the Avro type as a value of the Iceberg type, if it can hold one. */
function typedReader(type: PrimitiveType, schema: AvroSchema): ValueReader | undefined {
  switch (type.kind) {
    case 'boolean':
      return schema.kind === 'boolean' ? readBoolean : undefined
    case 'int':
    case 'date':
      return schema.kind === 'int' ? readInt : undefined
    case 'long':
      return schema.kind === 'int' ? readIntAs(1n) : longReader(schema)
    case 'timestamp':
      return schema.kind === 'int' ? readIntAs(MICROS_PER_DAY) : longReader(schema)
    case 'timestamp_ns':
      return schema.kind === 'int' ? readIntAs(NANOS_PER_DAY) : longReader(schema)
    case 'time':
    case 'timestamptz':
    case 'timestamptz_ns':
      return longReader(schema)
    case 'float':
      return schema.kind === 'float' ? readFloat : undefined
    case 'double':
      return schema.kind === 'double' ? readDouble : schema.kind === 'float' ? readFloat : undefined
    case 'string':
      return schema.kind === 'string' ? readString : undefined
    case 'uuid':
      return schema.kind === 'fixed' && schema.size === 16 ? readFixed(16) : undefined
    case 'fixed':
      return schema.kind === 'fixed' && schema.size === type.length ? readFixed(type.length) : undefined
    case 'binary':
      return schema.kind === 'bytes' ? readBytes : undefined
    case 'decimal':
      return decimalReader(schema)
    case 'unknown':
    case 'geometry':
    case 'geography':
    case 'variant':
      return undefined
  }
}

/** A reader by what the file itself declares. */
function declaredReader(schema: AvroSchema): ValueReader | undefined {
  if (schema.logicalType === 'decimal') return decimalReader(schema)
  switch (schema.kind) {
    case 'boolean':
      return readBoolean
    case 'int':
      return readInt
    case 'long':
      return readLong
    case 'float':
      return readFloat
    case 'double':
      return readDouble
    case 'string':
      return readString
    case 'bytes':
      return readBytes
    case 'fixed':
      return readFixed(schema.size)
    case 'null':
    case 'enum':
    case 'array':
    case 'map':
    case 'union':
    case 'record':
      return undefined
  }
}

function longReader(schema: AvroSchema): ValueReader | undefined {
  return schema.kind === 'long' ? readLong : undefined
}

function decimalReader(schema: AvroSchema): ValueReader | undefined {
  if (schema.kind === 'bytes') return (cursor) => decodeDecimal(cursor.readBytes())
  if (schema.kind === 'fixed') return (cursor) => decodeDecimal(cursor.readFixed(schema.size))
  return undefined
}

const MICROS_PER_DAY = 86_400_000_000n
const NANOS_PER_DAY = 86_400_000_000_000n

const readBoolean: ValueReader = (cursor) => cursor.readBoolean()
const readInt: ValueReader = (cursor) => cursor.readInt()
const readLong: ValueReader = (cursor) => cursor.readBigLong()
const readFloat: ValueReader = (cursor) => cursor.readFloat()
const readDouble: ValueReader = (cursor) => cursor.readDouble()
const readString: ValueReader = (cursor) => cursor.readString()
// Copied: a tuple is kept longer than the block it was read from.
const readBytes: ValueReader = (cursor) => cursor.readBytes().slice()
const readFixed =
  (length: number): ValueReader =>
  (cursor) =>
    cursor.readFixed(length).slice()
const readIntAs =
  (unit: bigint): ValueReader =>
  (cursor) =>
    BigInt(cursor.readInt()) * unit
