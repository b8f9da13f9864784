import type { ByteSink } from '@moraine/avro/byte-sink'
import { MoraineError } from '@moraine/stdx/error'
import type { PartitionSpec, PartitionTuple } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { bigintOf, bytesOf, type Literal, numberOf, stringOf } from '../value/literal.ts'
import { decimalBytes } from './partition-avro-type.ts'

/** Writes a partition tuple as the record that `partitionAvroRecord` declares. */
export type PartitionEncoder = (tuple: PartitionTuple, sink: ByteSink) => void

/** The encoder throws `invalid-input` for a tuple that does not fit the spec. */
export function compilePartitionEncoder(
  spec: PartitionSpec,
  partitionTypes: readonly PrimitiveType[],
): PartitionEncoder {
  const writers = spec.fields.map((field, at) => optionalWriter(partitionTypes[at] ?? { kind: 'unknown' }, field.name))
  return (tuple, sink) => {
    if (tuple.length !== writers.length) {
      throw new MoraineError(
        'invalid-input',
        `a partition of ${tuple.length} values does not fit spec ${spec.specId}, which has ${writers.length} fields`,
      )
    }
    for (const [at, write] of writers.entries()) write(tuple[at] ?? null, sink)
  }
}

type ValueWriter<T = Literal> = (value: T, sink: ByteSink) => void

function optionalWriter(type: PrimitiveType, name: string): ValueWriter<Literal | null> {
  if (type.kind === 'unknown') {
    return (value) => {
      if (value === null) return
      throw new MoraineError(
        'invalid-input',
        `partition field "${name}" has a value, but no schema of the table has its source column`,
      )
    }
  }
  const write = valueWriter(type, name)
  return (value, sink) => {
    sink.writeLong(value === null ? 0 : 1)
    if (value !== null) write(value, sink)
  }
}

function valueWriter(type: PrimitiveType, name: string): ValueWriter {
  switch (type.kind) {
    case 'boolean':
      return (value, sink) => sink.writeBoolean(value === true)
    case 'int':
    case 'date':
      return (value, sink) => sink.writeLong(int32(numberOf(value), name))
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return (value, sink) => sink.writeBigLong(bigintOf(value))
    case 'float':
      return (value, sink) => sink.writeFloat(numberOf(value))
    case 'double':
      return (value, sink) => sink.writeDouble(numberOf(value))
    case 'string':
      return (value, sink) => sink.writeString(stringOf(value))
    case 'binary':
      return (value, sink) => sink.writeBytes(bytesOf(value))
    case 'uuid':
      return (value, sink) => sink.writeFixed(ofLength(bytesOf(value), 16, name))
    case 'fixed':
      return (value, sink) => sink.writeFixed(ofLength(bytesOf(value), type.length, name))
    case 'decimal': {
      const length = decimalBytes(type.precision)
      return (value, sink) => sink.writeFixed(signExtended(bigintOf(value), length, name))
    }
    case 'unknown':
    case 'geometry':
    case 'geography':
    case 'variant':
      throw new MoraineError('unsupported', `partition field "${name}": a partition cannot be of type ${type.kind}`)
  }
}

function int32(value: number, name: string): number {
  if ((value | 0) === value) return value
  throw new MoraineError('invalid-input', `partition field "${name}": ${value} does not fit 32 bits`)
}

function ofLength(bytes: Uint8Array, length: number, name: string): Uint8Array {
  if (bytes.length === length) return bytes
  throw new MoraineError('invalid-input', `partition field "${name}" has ${bytes.length} bytes instead of ${length}`)
}

/** Two's complement, big-endian, of exactly `length` bytes. */
function signExtended(unscaled: bigint, length: number, name: string): Uint8Array {
  if (BigInt.asIntN(8 * length, unscaled) !== unscaled) {
    throw new MoraineError('invalid-input', `partition field "${name}": ${unscaled} has too many digits`)
  }
  const bytes = new Uint8Array(length)
  let rest = unscaled
  for (let at = length - 1; at >= 0; at -= 1) {
    bytes[at] = Number(rest & 0xffn)
    rest >>= 8n
  }
  return bytes
}
