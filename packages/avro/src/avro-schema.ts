import { MoraineError } from '@moraine/stdx/error'
import { type JsonObject, type JsonValue, parseExactJson } from '@moraine/stdx/exact-json'

/**
 * An Avro schema (Avro 1.12 specification, "Schema Declaration"), named types resolved to the value they name, so that
 * a recursive schema is a cyclic value. Attributes that Avro itself does not define are kept: `logicalType`, the ids by
 * which Iceberg resolves columns, and all others in `attributes`, which is the JSON object as it stands.
 */
export type AvroSchema = AvroPrimitive | AvroRecord | AvroEnum | AvroFixed | AvroArray | AvroMap | AvroUnion

type Annotated = { readonly logicalType?: string; readonly attributes: JsonObject }

export type AvroPrimitiveKind = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'
export type AvroPrimitive = Annotated & { readonly kind: AvroPrimitiveKind }
/** `name` is the full name, with its namespace. */
export type AvroRecord = Annotated & {
  readonly kind: 'record'
  readonly name: string
  readonly fields: readonly AvroField[]
}
export type AvroEnum = Annotated & { readonly kind: 'enum'; readonly name: string; readonly symbols: readonly string[] }
export type AvroFixed = Annotated & { readonly kind: 'fixed'; readonly name: string; readonly size: number }
/** Iceberg writes a map with non-string keys as an array of key-value records with `logicalType` "map". */
export type AvroArray = Annotated & { readonly kind: 'array'; readonly items: AvroSchema; readonly elementId?: number }
export type AvroMap = Annotated & {
  readonly kind: 'map'
  readonly values: AvroSchema
  readonly keyId?: number
  readonly valueId?: number
}
export type AvroUnion = Annotated & { readonly kind: 'union'; readonly branches: readonly AvroSchema[] }

export type AvroField = {
  readonly name: string
  readonly schema: AvroSchema
  readonly fieldId?: number
  readonly attributes: JsonObject
}

/** Deeper schemas are refused, since every reader of a schema recurses into it. */
const MAX_SCHEMA_DEPTH = 64

/**
 * Parses a schema's JSON text.
 *
 * @throws {MoraineError} `corrupt` if the text is no Avro schema; `what` names its source.
 */
export function parseAvroSchema(text: string, what: string): AvroSchema {
  const parser: Parser = { what, named: new Map() }
  return parseType(parser, parseExactJson(text, `the Avro schema of ${what}`), '', 0)
}

type Parser = { readonly what: string; readonly named: Map<string, AvroSchema> }

const PRIMITIVES: ReadonlySet<string> = new Set<AvroPrimitiveKind>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
])

function parseType(parser: Parser, json: JsonValue | undefined, namespace: string, depth: number): AvroSchema {
  if (depth > MAX_SCHEMA_DEPTH) throw bad(parser, `it is nested more than ${MAX_SCHEMA_DEPTH} levels deep`)
  if (typeof json === 'string') return parseName(parser, json, namespace)
  if (Array.isArray(json)) return parseUnion(parser, json as readonly JsonValue[], namespace, depth)
  if (!isObject(json)) throw bad(parser, `${String(json)} stands where a type is expected`)
  const type = json['type']
  if (typeof type !== 'string') return parseType(parser, type, namespace, depth + 1)
  switch (type) {
    case 'record':
    case 'error':
      return parseRecord(parser, json, namespace, depth)
    case 'enum':
      return define(parser, json, namespace, { kind: 'enum', symbols: parseSymbols(parser, json) })
    case 'fixed':
      return define(parser, json, namespace, { kind: 'fixed', size: parseSize(parser, json) })
    case 'array': {
      const items = parseType(parser, json['items'], namespace, depth + 1)
      return { kind: 'array', items, ...annotations(json), ...idAttribute(json, 'element-id', 'elementId') }
    }
    case 'map': {
      const values = parseType(parser, json['values'], namespace, depth + 1)
      const ids = { ...idAttribute(json, 'key-id', 'keyId'), ...idAttribute(json, 'value-id', 'valueId') }
      return { kind: 'map', values, ...annotations(json), ...ids }
    }
    default:
      if (PRIMITIVES.has(type)) return { kind: type as AvroPrimitiveKind, ...annotations(json) }
      return parseName(parser, type, namespace)
  }
}

function parseName(parser: Parser, name: string, namespace: string): AvroSchema {
  if (PRIMITIVES.has(name)) return { kind: name as AvroPrimitiveKind, attributes: {} }
  const known = parser.named.get(qualify(name, namespace)) ?? parser.named.get(name)
  if (known === undefined) throw bad(parser, `the type "${name}" is not defined`)
  return known
}

function parseUnion(parser: Parser, json: readonly JsonValue[], namespace: string, depth: number): AvroUnion {
  const branches = json.map((branch) => parseType(parser, branch, namespace, depth + 1))
  if (branches.length === 0) throw bad(parser, 'it has a union without branches')
  if (branches.some((branch) => branch.kind === 'union')) throw bad(parser, 'it has a union directly in a union')
  return { kind: 'union', branches, attributes: {} }
}

function parseRecord(parser: Parser, json: JsonObject, namespace: string, depth: number): AvroSchema {
  const fields: AvroField[] = []
  const record = define(parser, json, namespace, { kind: 'record', fields })
  const inner = record.name.includes('.') ? record.name.slice(0, record.name.lastIndexOf('.')) : ''
  const list = json['fields']
  if (!Array.isArray(list)) throw bad(parser, `record "${record.name}" has no list of fields`)
  const names = new Set<string>()
  for (const item of list as readonly JsonValue[]) {
    const name = isObject(item) ? item['name'] : undefined
    if (!isObject(item) || typeof name !== 'string')
      throw bad(parser, `record "${record.name}" has a field without name`)
    if (names.has(name)) throw bad(parser, `record "${record.name}" has two fields named "${name}"`)
    names.add(name)
    const schema = parseType(parser, item['type'], inner, depth + 1)
    fields.push({ name, schema, ...idAttribute(item, 'field-id', 'fieldId'), attributes: item })
  }
  return record
}

/** Registers a named type before its parts are parsed, so that they may refer to it. */
function define<T extends { readonly kind: 'record' | 'enum' | 'fixed' }>(
  parser: Parser,
  json: JsonObject,
  namespace: string,
  type: T,
): T & Annotated & { readonly name: string } {
  const own = json['namespace']
  const short = json['name']
  if (typeof short !== 'string' || short === '') throw bad(parser, `a ${type.kind} has no name`)
  const name = qualify(short, typeof own === 'string' ? own : namespace)
  if (parser.named.has(name)) throw bad(parser, `the type "${name}" is defined twice`)
  const defined = { ...type, name, ...annotations(json) }
  parser.named.set(name, defined as unknown as AvroSchema)
  return defined
}

function qualify(name: string, namespace: string): string {
  return namespace === '' || name.includes('.') ? name : `${namespace}.${name}`
}

function parseSymbols(parser: Parser, json: JsonObject): readonly string[] {
  const symbols = json['symbols']
  if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string')) {
    throw bad(parser, 'an enum has no list of symbols')
  }
  return symbols
}

function parseSize(parser: Parser, json: JsonObject): number {
  const size = json['size']
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) throw bad(parser, 'a fixed type has no size')
  return size
}

function annotations(json: JsonObject): Annotated {
  const logicalType = json['logicalType']
  return typeof logicalType === 'string' ? { logicalType, attributes: json } : { attributes: json }
}

/** An id as Iceberg writes it; some writers put it in quotes. */
function idAttribute<K extends string>(json: JsonObject, attribute: string, key: K): { readonly [P in K]?: number } {
  const value = json[attribute]
  const id = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
  if (typeof id !== 'number' || !Number.isInteger(id)) return {}
  return { [key]: id } as { readonly [P in K]?: number }
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function bad(parser: Parser, detail: string): MoraineError {
  return new MoraineError('corrupt', `the Avro schema of ${parser.what} is invalid: ${detail}`)
}
