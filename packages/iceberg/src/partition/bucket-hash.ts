import { MoraineError } from '@moraine/stdx/error'
import type { PrimitiveType } from '../schema/type.ts'
import { encodeDecimal } from '../value/decimal.ts'
import { floorDiv } from '../value/iso-time.ts'
import { bigintOf, bytesOf, type Literal, numberOf, stringOf } from '../value/literal.ts'
import { murmur3, murmur3Long } from './murmur3.ts'

/**
 * The 32-bit hash of a value (table spec, Appendix B), signed. Equal values hash alike across the allowed promotions of
 * their type, which is why an `int` or `date` is hashed as a long.
 *
 * @throws {MoraineError} `unsupported` for types without a hash.
 */
export function bucketHash(type: PrimitiveType, value: Literal): number {
  switch (type.kind) {
    case 'int':
    case 'date':
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return murmur3Long(bigintOf(value))
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return murmur3Long(floorDiv(bigintOf(value), 1000n))
    case 'decimal':
      return murmur3(encodeDecimal(bigintOf(value)))
    case 'string':
      return murmur3(Buffer.from(stringOf(value)))
    case 'uuid':
    case 'fixed':
    case 'binary':
      return murmur3(bytesOf(value))
    case 'boolean':
      return murmur3Long(value === true ? 1n : 0n)
    case 'float':
    case 'double':
      return murmur3Long(doubleBits(numberOf(value)))
    case 'geometry':
    case 'geography':
    case 'variant':
    case 'unknown':
      throw new MoraineError('unsupported', `values of type ${type.kind} have no bucket hash`)
  }
}

// Negative zero counts as zero and every NaN as the canonical one.
function doubleBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value === 0 ? 0 : Number.isNaN(value) ? Number.NaN : value)
  return view.getBigInt64(0)
}
