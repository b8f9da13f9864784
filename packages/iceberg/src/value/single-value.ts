import { MoraineError } from '@moraine/stdx/error'
import type { PrimitiveType } from '../schema/type.ts'
import { decodeDecimal, encodeDecimal } from './decimal.ts'
import { bigintOf, bytesOf, type Literal, numberOf, stringOf } from './literal.ts'

// The binary form of single values, in which manifests hold bounds (table spec, Appendix D).

/**
 * Reads a value in the binary form. Bytes written before the column was promoted are told by their length ("Schema
 * Evolution"): four for a `long`, `double` or timestamp were an `int`, `float` or `date`.
 *
 * @throws {MoraineError} `corrupt` if the bytes are none of the type, `unsupported` for types without a binary form.
 */
export function decodeSingleValue(type: PrimitiveType, bytes: Uint8Array): Literal {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { length } = bytes
  switch (type.kind) {
    case 'boolean':
      return length === 1 ? view.getUint8(0) !== 0 : wrongLength(type, length)
    case 'int':
    case 'date':
      return length === 4 ? view.getInt32(0, true) : wrongLength(type, length)
    case 'float':
      return length === 4 ? view.getFloat32(0, true) : wrongLength(type, length)
    case 'double':
      if (length === 4) return view.getFloat32(0, true)
      return length === 8 ? view.getFloat64(0, true) : wrongLength(type, length)
    case 'long':
      return length === 4 ? BigInt(view.getInt32(0, true)) : decodeLong(type, view)
    case 'timestamp':
      return length === 4 ? BigInt(view.getInt32(0, true)) * MICROS_PER_DAY : decodeLong(type, view)
    case 'timestamp_ns':
      return length === 4 ? BigInt(view.getInt32(0, true)) * NANOS_PER_DAY : decodeLong(type, view)
    case 'time':
    case 'timestamptz':
    case 'timestamptz_ns':
      return decodeLong(type, view)
    case 'decimal':
      return length > 0 && length <= MAX_DECIMAL_BYTES ? decodeDecimal(bytes) : wrongLength(type, length)
    case 'string':
      return decodeUtf8(bytes)
    case 'uuid':
      return length === 16 ? bytes : wrongLength(type, length)
    case 'fixed':
    case 'binary':
    case 'geometry':
    case 'geography':
      return bytes
    case 'variant':
    case 'unknown':
      return noBinaryForm(type)
  }
}

/**
 * Writes a value in the binary form.
 *
 * @throws {MoraineError} `invalid-input` if the value does not fit the type, `unsupported` for types without the form.
 */
export function encodeSingleValue(type: PrimitiveType, value: Literal): Uint8Array {
  switch (type.kind) {
    case 'boolean':
      return new Uint8Array([value === true ? 1 : 0])
    case 'int':
    case 'date':
      return encodeInt(type, numberOf(value))
    case 'float':
      return write(4, (view) => view.setFloat32(0, numberOf(value), true))
    case 'double':
      return write(8, (view) => view.setFloat64(0, numberOf(value), true))
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return encodeLong(type, bigintOf(value))
    case 'decimal':
      return encodeDecimal(bigintOf(value))
    case 'string':
      return Buffer.from(stringOf(value))
    case 'uuid':
    case 'fixed':
    case 'binary':
    case 'geometry':
    case 'geography':
      return bytesOf(value)
    case 'variant':
    case 'unknown':
      return noBinaryForm(type)
  }
}

const MICROS_PER_DAY = 86_400_000_000n
const NANOS_PER_DAY = 86_400_000_000_000n
// 38 digits need 16; some writers pad.
const MAX_DECIMAL_BYTES = 32

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch (cause) {
    throw new MoraineError('corrupt', 'a value of type string is not UTF-8', { cause })
  }
}

function decodeLong(type: PrimitiveType, view: DataView): bigint {
  return view.byteLength === 8 ? view.getBigInt64(0, true) : wrongLength(type, view.byteLength)
}

function encodeInt(type: PrimitiveType, value: number): Uint8Array {
  if ((value | 0) !== value) throw new MoraineError('invalid-input', `${value} is no value of type ${type.kind}`)
  return write(4, (view) => view.setInt32(0, value, true))
}

function encodeLong(type: PrimitiveType, value: bigint): Uint8Array {
  if (BigInt.asIntN(64, value) !== value) {
    throw new MoraineError('invalid-input', `${value} is no value of type ${type.kind}`)
  }
  return write(8, (view) => view.setBigInt64(0, value, true))
}

function write(length: number, set: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length)
  set(new DataView(bytes.buffer))
  return bytes
}

function wrongLength(type: PrimitiveType, length: number): never {
  throw new MoraineError('corrupt', `a value of type ${type.kind} has ${length} bytes`)
}

function noBinaryForm(type: PrimitiveType): never {
  throw new MoraineError('unsupported', `values of type ${type.kind} have no binary form`)
}
