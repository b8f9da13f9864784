import type { Schema } from '@moraine/iceberg/schema/schema'
import { type IndexedField, indexSchema } from '@moraine/iceberg/schema/schema-index'
import { failAt, type JsonPlace } from '@moraine/stdx/exact-json-decode'

/**
 * The column that a request means by a name from the top, with dots.
 *
 * @throws {MoraineError} `invalid-input` if there is none, or more than one
 */
export function namedColumn(schema: Schema, name: string, at: JsonPlace): IndexedField {
  const { fieldsByName, fieldsByLowerName } = indexSchema(schema)
  const [found, another] = fieldsByName.get(name) ?? []
  if (found === undefined) {
    const [similar] = fieldsByLowerName.get(name.toLowerCase()) ?? []
    return failAt(
      at,
      `names the column ${name}, which the table does not have${similar === undefined ? '' : `; did you mean ${similar.fullName}?`}`,
    )
  }
  if (another !== undefined) failAt(at, `names ${name}, which is two columns, since a name has a dot in it`)
  return found
}
