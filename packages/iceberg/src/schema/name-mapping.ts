import { dropUndefined } from '@moraine/stdx/drop-undefined'
import { parseExactJson } from '@moraine/stdx/exact-json'
import { failAt, int32, type JsonDecoder, listOf, optional, record, text } from '@moraine/stdx/exact-json-decode'

/**
 * Field ids by name, for data files without field ids (table spec, "Column Projection"): the table property
 * `schema.name-mapping.default`.
 */
export type NameMapping = readonly MappedField[]

export type MappedField = {
  /** Any of these names in a file means the field. */
  readonly names: readonly string[]
  /** Absent if files have the column but the table does not. */
  readonly fieldId?: number
  readonly fields: NameMapping
}

/** @throws {MoraineError} `corrupt` if it is not a name mapping; `what` names the table. */
export function parseNameMapping(json: string, what: string): NameMapping {
  const document = `${what}: schema.name-mapping.default`
  return decodeMapping(parseExactJson(json, document), { document, kind: 'corrupt' })
}

/** The id of a file's column, named from the top with `element`, `key` and `value` for the parts of lists and maps. */
export function findMappedId(mapping: NameMapping, path: readonly string[]): number | undefined {
  const [name, ...rest] = path
  const mapped = mapping.find((field) => name !== undefined && field.names.includes(name))
  return rest.length === 0 ? mapped?.fieldId : mapped && findMappedId(mapped.fields, rest)
}

const decodeMapping: JsonDecoder<NameMapping> = (value, place) => {
  const fields = listOf(decodeMappedField)(value, place)
  const seen = new Set<string>()
  for (const name of fields.flatMap((field) => field.names)) {
    if (seen.has(name)) failAt(place, `maps the name ${name} twice`)
    seen.add(name)
  }
  return fields
}

const decodeMappedField: JsonDecoder<MappedField> = (value, place) => {
  const json = record(value, place)
  return dropUndefined<MappedField>({
    names: [...new Set(optional(json, 'names', listOf(text)) ?? [])],
    fieldId: optional(json, 'field-id', int32),
    fields: optional(json, 'fields', decodeMapping) ?? [],
  })
}
