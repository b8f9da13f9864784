import type { NestedField } from '@moraine/iceberg/schema/type'

/**
 * Names by which SQL can tell the columns of one struct apart: their own where that works, else `c<id>` for all of
 * them. DuckDB does not tell `a` from `A`, has no empty identifier, and adds columns of its own to what it reads from a
 * file; a struct's fields and the columns of a table differ in the latter.
 */
export function addressableNames(
  fields: readonly Pick<NestedField, 'id' | 'name'>[],
  place: 'top' | 'nested',
): readonly string[] {
  return areAddressable(
    fields.map((field) => field.name),
    place,
  )
    ? fields.map((field) => field.name)
    : fields.map((field) => `c${field.id}`)
}

export function areAddressable(names: readonly string[], place: 'top' | 'nested'): boolean {
  const folded = new Set(names.map((name) => name.toLowerCase()))
  return (
    folded.size === names.length &&
    names.every((name) => name !== '' && !name.includes('\0') && !isReserved(name.toLowerCase(), place))
  )
}

/** Prefix of the columns that the generated statements add. */
export const INTERNAL_PREFIX = 'moraine$'

// `__duckdb_field_id` means something else in COPY's FIELD_IDS.
function isReserved(name: string, place: 'top' | 'nested'): boolean {
  if (name === '__duckdb_field_id') return true
  return place === 'top' && (VIRTUAL_COLUMNS.has(name) || name.startsWith(INTERNAL_PREFIX))
}

const VIRTUAL_COLUMNS: ReadonlySet<string> = new Set(['filename', 'file_row_number', 'file_index', 'rowid'])
