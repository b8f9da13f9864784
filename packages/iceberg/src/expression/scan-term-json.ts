import { failAt, inside, int32, type JsonDecoder, record, required, text } from '@moraine/stdx/exact-json-decode'
import { canTransform, parseTransform, transformResultType } from '../partition/transform.ts'
import type { Schema } from '../schema/schema.ts'
import { indexSchema } from '../schema/schema-index.ts'
import { findColumn } from './bind-filter.ts'
import type { BoundColumn } from './expression.ts'
import type { ScanTerm } from './scan-filter.ts'

/**
 * The decoder of what a predicate looks at: a name, a reference by name or id, or a transform of one. Functions (`apply`)
 * are refused: what they mean is up to whoever defines them.
 */
export function decodeScanTerm(schema: Schema, isCaseSensitive: boolean): JsonDecoder<ScanTerm> {
  const reference = decodeReference(schema, isCaseSensitive)
  return (value, place) => {
    if (typeof value === 'string') return plain(reference(value, place))
    const json = record(value, place)
    const type = required(json, 'type', text)
    if (type === 'reference') return plain(reference(value, place))
    if (type !== 'transform') return failAt(inside(place, 'type'), `is ${JSON.stringify(type)}, no column or transform`)
    const column = required(json, 'term', reference)
    const named = required(json, 'transform', text)
    const transform = parseTransform(named)
    if (transform.kind === 'unknown' || !canTransform(transform, column.type)) {
      return failAt(inside(place, 'transform'), `is ${JSON.stringify(named)}, no transform of column ${column.name}`)
    }
    if (transform.kind === 'identity') return plain(column)
    return { column, transform, type: transformResultType(transform, column.type) }
  }
}

function plain(column: BoundColumn): ScanTerm {
  return { column, type: column.type }
}

function decodeReference(schema: Schema, isCaseSensitive: boolean): JsonDecoder<BoundColumn> {
  const byName: JsonDecoder<BoundColumn> = (value, place) =>
    findColumn([text(value, place)], schema, place.document, isCaseSensitive)
  return (value, place) => {
    if (typeof value === 'string') return byName(value, place)
    const json = record(value, place)
    const type = required(json, 'type', text)
    if (type !== 'reference') return failAt(inside(place, 'type'), `is ${JSON.stringify(type)}, no reference`)
    // The reference implementation calls a reference's name `term`.
    const names = ['name', 'term'].filter((key) => Object.hasOwn(json.object, key))
    const [name] = names
    if (name !== undefined) return required(json, name, byName)
    const id = required(json, 'id', int32)
    const field = indexSchema(schema).fieldsById.get(id)
    if (field === undefined) return failAt(inside(place, 'id'), `is ${id}, which no column of the table has`)
    return findColumn(field.path, schema, place.document, true)
  }
}
