import type { PrimitiveType, SimpleKind } from './type.ts'

// The texts of primitive types in JSON (table spec, Appendix C, "Schemas").

/** Reads a primitive type's text, with blanks around parameters; `undefined` if it is none. */
export function parsePrimitiveType(text: string): PrimitiveType | undefined {
  const lower = text.toLowerCase()
  if (isSimpleKind(lower)) return { kind: lower }
  return parseDecimalType(lower) ?? parseFixedType(lower) ?? parseGeoType(text)
}

export function formatPrimitiveType(type: PrimitiveType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`
    case 'fixed':
      return `fixed[${type.length}]`
    case 'geometry':
      return type.crs === undefined ? 'geometry' : `geometry(${type.crs})`
    case 'geography':
      if (type.algorithm !== undefined) return `geography(${type.crs ?? DEFAULT_CRS}, ${type.algorithm})`
      return type.crs === undefined ? 'geography' : `geography(${type.crs})`
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
    case 'string':
    case 'uuid':
    case 'binary':
    case 'variant':
    case 'unknown':
      return type.kind
  }
}

/** Of geometries and geographies that name none. */
export const DEFAULT_CRS = 'OGC:CRS84'
/** Of geographies that name none. */
export const DEFAULT_EDGE_ALGORITHM = 'spherical'

const MAX_PRECISION = 38
const MAX_FIXED_LENGTH = 0x7fffffff

function parseDecimalType(text: string): PrimitiveType | undefined {
  const match = /^decimal\(\s*(\d{1,2})\s*,\s*(\d{1,2})\s*\)$/.exec(text)
  if (match === null) return undefined
  const [precision, scale] = [Number(match[1]), Number(match[2])]
  return precision >= 1 && precision <= MAX_PRECISION && scale <= MAX_PRECISION
    ? { kind: 'decimal', precision, scale }
    : undefined
}

function parseFixedType(text: string): PrimitiveType | undefined {
  const match = /^fixed\[\s*(\d{1,10})\s*\]$/.exec(text)
  const length = Number(match?.[1])
  return match !== null && length <= MAX_FIXED_LENGTH ? { kind: 'fixed', length } : undefined
}

// The CRS is any text and keeps its letters' case; the algorithm is a word after the last comma.
function parseGeoType(text: string): PrimitiveType | undefined {
  const match = /^(geometry|geography)\s*(?:\(([^()]*)\))?$/i.exec(text)
  if (match === null) return undefined
  const parameters = match[2]?.split(',').map((parameter) => parameter.trim())
  if (parameters === undefined) return { kind: match[1]?.toLowerCase() === 'geometry' ? 'geometry' : 'geography' }
  const [crs = '', algorithm, ...more] = parameters
  if (crs === '' || more.length > 0) return undefined
  if (match[1]?.toLowerCase() === 'geometry') return algorithm === undefined ? { kind: 'geometry', crs } : undefined
  if (algorithm === undefined) return { kind: 'geography', crs }
  return /^\w+$/.test(algorithm) ? { kind: 'geography', crs, algorithm: algorithm.toLowerCase() } : undefined
}

function isSimpleKind(text: string): text is SimpleKind {
  return SIMPLE_KINDS.has(text)
}

const SIMPLE_KINDS: ReadonlySet<string> = new Set<SimpleKind>([
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'timestamp_ns',
  'timestamptz_ns',
  'string',
  'uuid',
  'binary',
  'variant',
  'unknown',
])
