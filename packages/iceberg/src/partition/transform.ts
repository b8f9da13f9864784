import type { PrimitiveType } from '../schema/type.ts'

/** A partition or sort transform (table spec, "Partition Transforms"). `unknown` keeps the text of one we do not know. */
export type Transform =
  | { readonly kind: 'identity' | 'year' | 'month' | 'day' | 'hour' | 'void' }
  | { readonly kind: 'bucket'; readonly buckets: number }
  | { readonly kind: 'truncate'; readonly width: number }
  | { readonly kind: 'unknown'; readonly text: string }

const PARAMETERIZED = /^(bucket|truncate)\[(\d{1,10})\]$/i
const INT_MAX = 0x7fffffff

/**
 * Reads a transform's text as it stands in metadata, in any case of letters. Whatever is not one of the spec's
 * transforms, a bucket or truncate without a positive 32-bit parameter included, becomes `unknown`: tables with such
 * fields must stay readable, without pruning by them.
 */
export function parseTransform(text: string): Transform {
  const parameterized = PARAMETERIZED.exec(text)
  if (parameterized !== null) {
    const parameter = Number(parameterized[2])
    if (parameter < 1 || parameter > INT_MAX) return { kind: 'unknown', text }
    return parameterized[1]?.toLowerCase() === 'bucket'
      ? { kind: 'bucket', buckets: parameter }
      : { kind: 'truncate', width: parameter }
  }
  const kind = text.toLowerCase()
  return isPlainKind(kind) ? { kind } : { kind: 'unknown', text }
}

export function formatTransform(transform: Transform): string {
  if (transform.kind === 'bucket') return `bucket[${transform.buckets}]`
  if (transform.kind === 'truncate') return `truncate[${transform.width}]`
  return transform.kind === 'unknown' ? transform.text : transform.kind
}

export function isSameTransform(a: Transform, b: Transform): boolean {
  return a.kind === b.kind && formatTransform(a) === formatTransform(b)
}

/** Whether the spec allows the transform on columns of the type. Nothing is known of an `unknown` one, so it may be. */
export function canTransform(transform: Transform, source: PrimitiveType): boolean {
  switch (transform.kind) {
    case 'identity':
      return source.kind !== 'geometry' && source.kind !== 'geography' && source.kind !== 'variant'
    case 'bucket':
      return BUCKET_SOURCES.has(source.kind)
    case 'truncate':
      return TRUNCATE_SOURCES.has(source.kind)
    case 'year':
    case 'month':
    case 'day':
      return source.kind === 'date' || TIMESTAMPS.has(source.kind)
    case 'hour':
      return TIMESTAMPS.has(source.kind)
    case 'void':
    case 'unknown':
      return true
  }
}

/**
 * The type of the transform's values. The result of an `unknown` transform is not known and stands as `string`, as the
 * reference implementation has it: only its text and its equality can be used.
 */
export function transformResultType(transform: Transform, source: PrimitiveType): PrimitiveType {
  switch (transform.kind) {
    case 'bucket':
    case 'year':
    case 'month':
    case 'hour':
      return { kind: 'int' }
    case 'day':
      return { kind: 'date' }
    case 'identity':
    case 'truncate':
    case 'void':
      return source
    case 'unknown':
      return { kind: 'string' }
  }
}

type Kind = PrimitiveType['kind']
type PlainKind = Exclude<Transform['kind'], 'bucket' | 'truncate' | 'unknown'>

const TIMESTAMPS: ReadonlySet<Kind> = new Set<Kind>(['timestamp', 'timestamptz', 'timestamp_ns', 'timestamptz_ns'])
const TRUNCATE_SOURCES: ReadonlySet<Kind> = new Set<Kind>(['int', 'long', 'decimal', 'string', 'binary'])
const BUCKET_SOURCES: ReadonlySet<Kind> = new Set<Kind>([
  ...TRUNCATE_SOURCES,
  ...TIMESTAMPS,
  'fixed',
  'uuid',
  'date',
  'time',
])

function isPlainKind(text: string): text is PlainKind {
  return PLAIN_KINDS.has(text)
}

const PLAIN_KINDS: ReadonlySet<string> = new Set<PlainKind>(['identity', 'year', 'month', 'day', 'hour', 'void'])
