import { unreachable } from '@moraine/stdx/assert'
import type { PhysicalType, SchemaElement } from '../footer/file-metadata.ts'
import type { LogicalType } from '../footer/logical-type.ts'
import { annotationOf } from '../footer/schema-tree.ts'

/** How the min and max values of a column compare (parquet.thrift, `ColumnOrder`). */
export type BoundOrder = {
  compare(a: Uint8Array, b: Uint8Array): number
  /** Whether bytes can be a bound at all: of the right length, and not NaN. */
  isValid(bytes: Uint8Array): boolean
  /** A zero of either sign stands for both, so that a bound covers the other one too. */
  widen(bytes: Uint8Array, side: 'lower' | 'upper'): Uint8Array
  /** Whether this is also the order of the older `min` and `max` fields. */
  readonly isSigned: boolean
}

/**
 * `undefined` where bounds mean nothing: no order is defined, or the file names one that we do not know.
 * `columnOrder` is the member of the union that the file gives; files without any use the type's own in practice.
 */
export function boundOrder(
  type: PhysicalType,
  element: SchemaElement,
  columnOrder: number | undefined,
): BoundOrder | undefined {
  if (columnOrder !== undefined && columnOrder !== TYPE_ORDER && columnOrder !== IEEE754_TOTAL_ORDER) return undefined
  const annotation = annotationOf(element)
  const kind = annotation?.kind
  switch (type) {
    case 'BOOLEAN':
      return fixedWidth(1, true, (a, b) => a.readUInt8(0) - b.readUInt8(0))
    case 'INT32':
    case 'INT64': {
      const isSigned = annotation?.kind !== 'integer' || annotation.isSigned
      return fixedWidth(type === 'INT32' ? 4 : 8, isSigned, INTEGER_COMPARES[type][isSigned ? 'signed' : 'unsigned'])
    }
    case 'FLOAT':
      return floating(4, (bytes) => bytes.readFloatLE(0))
    case 'DOUBLE':
      return floating(8, (bytes) => bytes.readDoubleLE(0))
    case 'BYTE_ARRAY':
    case 'FIXED_LEN_BYTE_ARRAY':
      if (kind === 'decimal') return { ...BYTES, isValid: (bytes) => bytes.length > 0, compare: compareTwosComplement }
      return kind !== undefined && WITHOUT_ORDER.includes(kind) ? undefined : BYTES
    case 'INT96':
      return undefined
    default:
      return unreachable(type)
  }
}

// FLOAT16 has an order, but no type of Iceberg needs it.
const WITHOUT_ORDER: readonly LogicalType['kind'][] = [
  'interval',
  'float16',
  'variant',
  'geometry',
  'geography',
  'null',
  'other',
]

const TYPE_ORDER = 1
const IEEE754_TOTAL_ORDER = 2

const BYTES: BoundOrder = {
  compare: (a, b) => Buffer.compare(a, b),
  isValid: () => true,
  widen: (bytes) => bytes,
  isSigned: false,
}

const INTEGER_COMPARES = {
  INT32: {
    signed: (a: Buffer, b: Buffer) => a.readInt32LE(0) - b.readInt32LE(0),
    unsigned: (a: Buffer, b: Buffer) => a.readUInt32LE(0) - b.readUInt32LE(0),
  },
  INT64: {
    signed: (a: Buffer, b: Buffer) => Number(a.readBigInt64LE(0) > b.readBigInt64LE(0)) * 2 - 1,
    unsigned: (a: Buffer, b: Buffer) => Number(a.readBigUInt64LE(0) > b.readBigUInt64LE(0)) * 2 - 1,
  },
}

function fixedWidth(width: number, isSigned: boolean, compare: (a: Buffer, b: Buffer) => number): BoundOrder {
  return {
    compare: (a, b) => (Buffer.compare(a, b) === 0 ? 0 : compare(view(a), view(b))),
    isValid: (bytes) => bytes.length === width,
    widen: (bytes) => bytes,
    isSigned,
  }
}

function floating(width: number, read: (bytes: Buffer) => number): BoundOrder {
  return {
    compare: (a, b) => read(view(a)) - read(view(b)),
    isValid: (bytes) => bytes.length === width && !Number.isNaN(read(view(bytes))),
    widen(bytes, side) {
      if (read(view(bytes)) !== 0) return bytes
      const zero = Buffer.alloc(width)
      if (side === 'lower') zero[width - 1] = 0x80
      return zero
    },
    isSigned: true,
  }
}

// Big-endian, of lengths that may differ.
function compareTwosComplement(a: Uint8Array, b: Uint8Array): number {
  const width = Math.max(a.length, b.length)
  const extended = (bytes: Uint8Array) => {
    const wide = Buffer.alloc(width, (bytes[0] ?? 0) & 0x80 ? 0xff : 0)
    wide.set(bytes, width - bytes.length)
    // With the sign bit turned over, unsigned order is the signed one.
    wide[0] = (wide[0] ?? 0) ^ 0x80
    return wide
  }
  return Buffer.compare(extended(a), extended(b))
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
