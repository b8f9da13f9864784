import type { PrimitiveType } from '../schema/type.ts'
import { humanDay, humanHour, humanMonth, humanText, humanYear } from '../value/human-text.ts'
import { type Literal, numberOf } from '../value/literal.ts'
import type { PartitionSpec, PartitionTuple } from './partition-spec.ts'
import type { Transform } from './transform.ts'

/**
 * The partition's name for people, `region=eu/ts_day=2024-01-31`, letter for letter as the reference implementation
 * builds it; empty if the spec has no fields. Not unique: text `null` and a null look the same. `types` are those of
 * `partitionFieldTypes`.
 */
export function partitionPath(spec: PartitionSpec, types: readonly PrimitiveType[], partition: PartitionTuple): string {
  return spec.fields
    .map((field, at) => {
      const value = partition[at] ?? null
      const type = types[at] ?? { kind: 'unknown' }
      const text = value === null ? 'null' : humanPartitionValue(field.transform, type, value)
      return `${formEncode(field.name)}=${formEncode(text)}`
    })
    .join('/')
}

/** The parts of a spec's partition names before their `=`, as {@link partitionPath} writes them. */
export function partitionFieldNames(spec: PartitionSpec): readonly string[] {
  return spec.fields.map(({ name }) => formEncode(name))
}

/** One value of a partition tuple for people: `day` gives `2024-01-31`, `hour` gives `2024-01-31-05`. */
function humanPartitionValue(transform: Transform, type: PrimitiveType, value: Literal): string {
  const { kind } = transform
  const isTimePart = kind === 'year' || kind === 'month' || kind === 'day' || kind === 'hour'
  return isTimePart ? HUMAN_TIME_PART[kind](numberOf(value)) : humanText(type, value)
}

const HUMAN_TIME_PART = { year: humanYear, month: humanMonth, day: humanDay, hour: humanHour } as const

/**
 * A text that two partitions share exactly if they are the same: same spec, equal values. Every NaN is the same value,
 * 0.0 and -0.0 are not (table spec, "Scan Planning", note 3). An integer has one text whether it came as `int` or,
 * after a promotion, as `long`. It has no U+0000, which databases do not take.
 */
export function partitionKey(specId: number, partition: PartitionTuple): string {
  let key = specId.toString()
  for (const value of partition) key += `,${valueKey(value)}`
  return key
}

// The tag says how to read what follows, and text is preceded by its length, so no two lists of values collide.
function valueKey(value: Literal | null): string {
  if (value === null) return '_'
  if (typeof value === 'string') return value.includes('\0') ? escapedKey(value) : `s${value.length}:${value}`
  if (typeof value === 'number') return Object.is(value, -0) ? 'n-0' : `n${value}`
  if (typeof value === 'bigint') return `n${value}`
  if (typeof value === 'boolean') return value ? 't' : 'f'
  return `x${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}`
}

function escapedKey(value: string): string {
  const escaped = value.replaceAll('%', '%25').replaceAll('\0', '%00')
  return `e${escaped.length}:${escaped}`
}

// The encoding of HTML forms (Java's URLEncoder), which is not quite that of encodeURIComponent.
function formEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
