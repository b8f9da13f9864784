import { unreachable } from '@moraine/stdx/assert'
import type { PhysicalType } from '../footer/file-metadata.ts'
import type { LogicalType } from '../footer/logical-type.ts'

/**
 * A bound from Parquet's plain encoding in Iceberg's binary single-value form (table spec, Appendix D): integers stay
 * little-endian, decimals become the shortest big-endian two's complement, milliseconds become microseconds.
 * `undefined` for what Iceberg has no type for, or no bound. Strings are not shortened here.
 */
export function icebergBound(
  type: PhysicalType,
  annotation: LogicalType | undefined,
  bytes: Uint8Array,
): Uint8Array | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  switch (type) {
    case 'BOOLEAN':
      return bytes.length === 1 ? Uint8Array.of(bytes[0] === 0 ? 0 : 1) : undefined
    case 'INT32':
      return bytes.length === 4 ? fromInteger(annotation, bytes, BigInt(view.readInt32LE(0)), 32) : undefined
    case 'INT64':
      return bytes.length === 8 ? fromInteger(annotation, bytes, view.readBigInt64LE(0), 64) : undefined
    case 'FLOAT':
      return bytes.length === 4 ? bytes : undefined
    case 'DOUBLE':
      return bytes.length === 8 ? bytes : undefined
    case 'BYTE_ARRAY':
    case 'FIXED_LEN_BYTE_ARRAY':
      return fromBytes(annotation, bytes)
    case 'INT96':
      return undefined
    default:
      return unreachable(type)
  }
}

function fromInteger(
  annotation: LogicalType | undefined,
  bytes: Uint8Array,
  value: bigint,
  width: 32 | 64,
): Uint8Array | undefined {
  if (annotation === undefined || annotation.kind === 'date') return bytes
  if (annotation.kind === 'decimal') return shortest(bigEndian(value))
  // Values of narrower unsigned types fit into Iceberg's signed ones.
  if (annotation.kind === 'integer') return annotation.isSigned || annotation.bitWidth < width ? bytes : undefined
  if (annotation.kind !== 'time' && annotation.kind !== 'timestamp') return undefined
  if (annotation.unit === 'millis') return littleEndian(value * 1000n)
  return annotation.unit === 'micros' || annotation.kind === 'timestamp' ? bytes : undefined
}

const KEPT: readonly (LogicalType['kind'] | undefined)[] = [undefined, 'string', 'enum', 'json', 'bson', 'uuid']

function fromBytes(annotation: LogicalType | undefined, bytes: Uint8Array): Uint8Array | undefined {
  if (annotation?.kind === 'decimal') return bytes.length === 0 ? undefined : shortest(bytes)
  return KEPT.includes(annotation?.kind) ? bytes : undefined
}

function littleEndian(value: bigint): Uint8Array | undefined {
  if (BigInt.asIntN(64, value) !== value) return undefined
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return bytes
}

function bigEndian(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

// Without leading bytes that only repeat the sign.
function shortest(bytes: Uint8Array): Uint8Array {
  let from = 0
  while (from < bytes.length - 1) {
    const sign = (bytes[from + 1] ?? 0) & 0x80 ? 0xff : 0
    if (bytes[from] !== sign) break
    from += 1
  }
  return bytes.subarray(from)
}
