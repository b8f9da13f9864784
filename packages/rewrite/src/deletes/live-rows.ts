import { rowKeyColumn, type SourceColumn, type SourceShape, sourceSql } from '../read-plan/row-source.ts'
import { sqlName } from '../sql/sql-text.ts'
import { POSITIONS_TABLE, ROW_KEY } from './delete-tables.ts'

/** The deletes of a task, whatever their kind: the rows that they hit are in a table of its database. */
export type LoadedDeletes = { readonly hasPositions: boolean }

export const NO_DELETES: LoadedDeletes = { hasPositions: false }

/** A relation of the given columns over the rows that no delete hits, in order: anti joins keep it, other joins do not. */
export function liveRowsSql(
  shapes: readonly SourceShape[],
  columns: readonly SourceColumn[],
  deletes: LoadedDeletes,
): string {
  const names = columns.map((column) => `d.${sqlName(column.name)}`).join(', ')
  return `SELECT ${names} FROM (\n${sourceWithKeys(shapes, columns, deletes)}\n) d ${joined('ANTI JOIN', deletes)}`
}

/** A relation of the given columns over the rows that a delete hits. */
export function deletedRowsSql(
  shapes: readonly SourceShape[],
  columns: readonly SourceColumn[],
  deletes: LoadedDeletes,
): string {
  const names = columns.map((column) => `d.${sqlName(column.name)}`).join(', ')
  const { live, source } = marked(shapes, columns, deletes)
  return `SELECT ${names} FROM ${source} WHERE NOT (${live})`
}

/**
 * A relation of the given columns over all rows, and one that says whether the row lives. In no particular order, and
 * by other joins than {@link liveRowsSql}, so that a fault in one of the two shows.
 */
export function markedRowsSql(
  shapes: readonly SourceShape[],
  columns: readonly SourceColumn[],
  deletes: LoadedDeletes,
  isLive: string,
): string {
  const names = columns.map((column) => `d.${sqlName(column.name)}`).join(', ')
  const { live, source } = marked(shapes, columns, deletes)
  return `SELECT ${names}, (${live}) AS ${sqlName(isLive)} FROM ${source}`
}

function marked(shapes: readonly SourceShape[], columns: readonly SourceColumn[], deletes: LoadedDeletes) {
  const source = `(\n${sourceWithKeys(shapes, columns, deletes)}\n) d ${joined('LEFT JOIN', deletes)}`
  return { live: deletes.hasPositions ? 'p.k IS NULL' : 'TRUE', source }
}

function sourceWithKeys(
  shapes: readonly SourceShape[],
  columns: readonly SourceColumn[],
  deletes: LoadedDeletes,
): string {
  return sourceSql(shapes, deletes.hasPositions ? [...columns, rowKeyColumn(ROW_KEY)] : columns)
}

// The table has each row once, so none is joined twice.
function joined(join: 'ANTI JOIN' | 'LEFT JOIN', { hasPositions }: LoadedDeletes): string {
  return hasPositions ? `${join} ${sqlName(POSITIONS_TABLE)} p ON d.${sqlName(ROW_KEY)} = p.k` : ''
}
