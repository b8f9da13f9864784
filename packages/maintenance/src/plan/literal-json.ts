import type { PartitionTuple } from '@moraine/iceberg/partition/partition-spec'
import type { Literal } from '@moraine/iceberg/value/literal'
import type { JsonValue } from '@moraine/stdx/exact-json'
import { failAt, type JsonDecoder, listOf, optional, record, text } from '@moraine/stdx/exact-json-decode'

// Partition values in plans and tasks, which carry no types beside them: each value says what it is.

export function encodePartition(partition: PartitionTuple): readonly JsonValue[] {
  return partition.map((value) => (value === null ? null : encodeLiteral(value)))
}

/** Text and booleans stand for themselves; a number is text, because JSON has no NaN, infinities or -0, and decimals have up to 127 bits. */
function encodeLiteral(value: Literal): JsonValue {
  if (typeof value === 'number') return { number: Object.is(value, -0) ? '-0' : String(value) }
  if (typeof value === 'bigint') return { integer: value.toString() }
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value
}

const decodeLiteral: JsonDecoder<Literal | null> = (value, place) => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  const json = record(value, place)
  const number = optional(json, 'number', text)
  if (number !== undefined) {
    const parsed = Number(number)
    return number.trim() !== '' && (number === 'NaN' || !Number.isNaN(parsed))
      ? parsed
      : failAt(place, `holds '${number}', which is no number`)
  }
  const integer = optional(json, 'integer', text)
  if (integer !== undefined) {
    return /^-?\d{1,39}$/.test(integer) ? BigInt(integer) : failAt(place, `holds '${integer}', which is no integer`)
  }
  const bytes = optional(json, 'bytes', text)
  return bytes === undefined ? failAt(place, 'is no partition value') : new Uint8Array(Buffer.from(bytes, 'base64'))
}

export const decodePartition: JsonDecoder<PartitionTuple> = listOf(decodeLiteral)
