import { MoraineError } from '@moraine/stdx/error'
import type { WireType } from './wire-type.ts'

/**
 * Reads one Thrift value after the other from bytes that are all there; implemented by the compact and the binary
 * protocol. Damaged or truncated input is a `corrupt` error, never an allocation beyond the bytes that are left.
 *
 * A struct is read as `structBegin`, then `nextField` until it returns false; each field's value must be read or skipped.
 */
export interface ThriftReader {
  /** Bytes consumed so far. */
  readonly position: number
  /** Bytes not consumed yet. */
  readonly remaining: number
  /** Of the field that `nextField` found. */
  readonly fieldId: number
  readonly fieldType: WireType

  structBegin(): void
  nextField(): boolean
  /** Of a list or set. The elements follow and must all be read. */
  listBegin(): { readonly elementType: WireType; readonly size: number }
  mapBegin(): { readonly keyType: WireType; readonly valueType: WireType; readonly size: number }

  bool(): boolean
  i8(): number
  i16(): number
  i32(): number
  i64(): bigint
  /** An i64 that must be exact as a number; one beyond 2^53 is `corrupt`. */
  safeI64(): number
  double(): number
  /** `length` bytes as they are; a view into the input. */
  raw(length: number): Uint8Array
  /** Length-prefixed bytes; a view into the input. */
  binary(): Uint8Array
  skip(type: WireType): void
}

/** How much a hostile message may cost. */
export type ReadLimits = {
  /** Structs and containers inside each other. */
  readonly maxDepth: number
  /** Elements of all containers together: one byte of input may become one object. */
  readonly maxElements: number
}

export const DEFAULT_READ_LIMITS: ReadLimits = { maxDepth: 64, maxElements: 4 * 1024 * 1024 }

export function corruptThrift(message: string): MoraineError {
  return new MoraineError('corrupt', `damaged Thrift data: ${message}`)
}

/** The input ended inside a value. */
export function truncatedThrift(position: number): MoraineError {
  return corruptThrift(`it ends inside a value at byte ${position}`)
}
