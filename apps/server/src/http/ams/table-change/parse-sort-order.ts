import type { SortFieldText } from '@moraine/api/rest/table-change-schemas'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { SortField, SortOrder } from '@moraine/iceberg/sort/sort-order'
import { inside, type JsonPlace } from '@moraine/stdx/exact-json-decode'
import { parseTerm, type Term, termOf } from './parse-term.ts'

/**
 * The order that rows are to be written in; without fields it is none. Nulls come first where rows ascend and last where
 * they descend, unless it is said otherwise.
 *
 * @throws {MoraineError} `invalid-input` naming the place in the request
 */
export function parseSortOrder(fields: readonly SortFieldText[], schema: Schema, at: JsonPlace): SortOrder {
  // The catalog chooses the id of an order that has fields.
  return {
    orderId: fields.length === 0 ? 0 : 1,
    fields: fields.map((field, index) => parseField(field, schema, inside(at, index))),
  }
}

function parseField(field: SortFieldText, schema: Schema, at: JsonPlace): SortField {
  if (typeof field !== 'string') {
    const { source, transform = 'identity', direction, nullOrder } = field
    return sortField(termOf(source, transform, schema, at), direction, nullOrder)
  }
  const words = field.trim().split(/\s+/)
  const [last = '', before = ''] = [words.at(-1)?.toLowerCase(), words.at(-2)?.toLowerCase()]
  const hasNulls = words.length > 2 && before === 'nulls' && (last === 'first' || last === 'last')
  if (hasNulls) words.splice(-2)
  const direction = words.length > 1 ? words.at(-1)?.toLowerCase() : undefined
  const hasDirection = direction === 'asc' || direction === 'desc'
  if (hasDirection) words.pop()
  return sortField(
    parseTerm(words.join(' '), schema, at),
    hasDirection ? direction : 'asc',
    hasNulls ? `nulls-${last}` : undefined,
  )
}

function sortField(
  { sourceId, transform }: Term,
  direction: SortField['direction'] = 'asc',
  nullOrder: SortField['nullOrder'] = direction === 'asc' ? 'nulls-first' : 'nulls-last',
): SortField {
  return { sourceIds: [sourceId], transform, direction, nullOrder }
}
