import { MoraineError } from '@moraine/stdx/error'
import type { PrimitiveType } from '../schema/type.ts'
import { civilDate } from '../value/civil-date.ts'
import { floorDiv } from '../value/iso-time.ts'
import { bigintOf, bytesOf, type Literal, numberOf, stringOf } from '../value/literal.ts'
import { bucketHash } from './bucket-hash.ts'
import { canTransform, formatTransform, type Transform } from './transform.ts'

/** Maps a non-null value of the source type to the transform's value; only `void` gives `null`. */
export type TransformFunction = (value: Literal) => Literal | null

/**
 * The function of a transform on columns of one type (table spec, "Partition Transforms"). Null input is the caller's:
 * every transform maps it to null.
 *
 * @throws {MoraineError} `unsupported` for an unknown transform, or one the type does not allow.
 */
export function transformFunction(transform: Transform, source: PrimitiveType): TransformFunction {
  if (transform.kind === 'unknown' || !canTransform(transform, source)) {
    throw new MoraineError('unsupported', `transform ${formatTransform(transform)} cannot be applied to ${source.kind}`)
  }
  switch (transform.kind) {
    case 'identity':
      return (value) => value
    case 'void':
      return () => null
    case 'bucket':
      return (value) => (bucketHash(source, value) & 0x7fffffff) % transform.buckets
    case 'truncate':
      return truncateFunction(source, transform.width)
    case 'year':
    case 'month':
    case 'day':
    case 'hour':
      return timeFunction(transform.kind, source)
  }
}

// Below the lowest multiple of the width the result leaves the type's range and wraps, as it does for every writer.
function truncateFunction(source: PrimitiveType, width: number): TransformFunction {
  const { kind } = source
  if (kind === 'string') return (value) => truncateCodePoints(stringOf(value), width)
  if (kind === 'binary') return (value) => bytesOf(value).subarray(0, width)
  if (kind === 'int') return (value) => (Math.floor(numberOf(value) / width) * width) | 0
  const wide = BigInt(width)
  const truncate = (value: Literal) => floorDiv(bigintOf(value), wide) * wide
  return kind === 'long' ? (value) => BigInt.asIntN(64, truncate(value)) : truncate
}

/** At most so many code points of the text; never half of a surrogate pair. */
export function truncateCodePoints(text: string, count: number): string {
  if (text.length <= count) return text
  let end = 0
  for (let taken = 0; taken < count && end < text.length; taken += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  }
  return text.slice(0, end)
}

type TimePart = 'year' | 'month' | 'day' | 'hour'

function timeFunction(part: TimePart, source: PrimitiveType): TransformFunction {
  const perHour = source.kind.endsWith('_ns') ? 3_600_000_000_000n : 3_600_000_000n
  if (part === 'hour') return (value) => Number(floorDiv(bigintOf(value), perHour))
  const perDay = perHour * 24n
  const dayOf: (value: Literal) => number =
    source.kind === 'date' ? numberOf : (value) => Number(floorDiv(bigintOf(value), perDay))
  switch (part) {
    case 'day':
      return dayOf
    case 'year':
      return (value) => civilDate(dayOf(value)).year - 1970
    case 'month':
      return (value) => {
        const { year, month } = civilDate(dayOf(value))
        return (year - 1970) * 12 + month - 1
      }
  }
}
