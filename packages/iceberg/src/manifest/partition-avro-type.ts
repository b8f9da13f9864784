import { MoraineError } from '@moraine/stdx/error'
import type { PartitionField, PartitionSpec } from '../partition/partition-spec.ts'
import type { PrimitiveType } from '../schema/type.ts'
import { avroName } from './avro-name.ts'

/**
 * The Avro record that holds a partition tuple, as JSON (table spec, "Appendix A: Avro"): every field optional, names
 * made valid, with the original kept beside a changed one.
 */
export function partitionAvroRecord(spec: PartitionSpec, types: readonly PrimitiveType[]): object {
  const defined = new Set<string>()
  const fields = spec.fields.map((field, at) => {
    const type = avroType(types[at] ?? { kind: 'unknown' }, field, defined)
    const name = avroName(field.name)
    return {
      name,
      type: type === 'null' ? type : ['null', type],
      default: null,
      ...(name !== field.name && { 'iceberg-field-name': field.name }),
      'field-id': field.fieldId,
    }
  })
  return { type: 'record', name: 'r102', fields }
}

/** The bytes of a fixed value that holds every decimal of this precision. */
export function decimalBytes(precision: number): number {
  const most = 10n ** BigInt(precision) - 1n
  let bytes = 1
  while (most >= 1n << BigInt(8 * bytes - 1)) bytes += 1
  return bytes
}

function avroType(type: PrimitiveType, field: PartitionField, defined: Set<string>): object | string {
  switch (type.kind) {
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'string':
      return type.kind
    case 'date':
      return { type: 'int', logicalType: 'date' }
    case 'time':
      return { type: 'long', logicalType: 'time-micros' }
    case 'timestamp':
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': type.kind === 'timestamptz' }
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return { type: 'long', logicalType: 'timestamp-nanos', 'adjust-to-utc': type.kind === 'timestamptz_ns' }
    case 'binary':
      return 'bytes'
    case 'uuid':
      return fixed(unique('uuid_fixed', field, defined), 16, { logicalType: 'uuid' })
    case 'fixed':
      return fixed(unique(`fixed_${type.length}`, field, defined), type.length, {})
    case 'decimal': {
      const { precision, scale } = type
      const logical = { logicalType: 'decimal', precision, scale }
      return fixed(unique(`decimal_${precision}_${scale}`, field, defined), decimalBytes(precision), logical)
    }
    case 'unknown':
      return 'null'
    case 'geometry':
    case 'geography':
    case 'variant':
      throw new MoraineError(
        'unsupported',
        `partition field "${field.name}": a partition cannot be of type ${type.kind}`,
      )
  }
}

/**
 * The name of a fixed type, which a schema may define only once. The reference implementation then refers to the first
 * definition, which PyIceberg cannot read; a name of its own is read by all.
 */
function unique(name: string, field: PartitionField, defined: Set<string>): string {
  const free = defined.has(name) ? `${name}_${field.fieldId}` : name
  defined.add(free)
  return free
}

function fixed(name: string, size: number, logical: object): object {
  return { type: 'fixed', name, size, ...logical }
}
