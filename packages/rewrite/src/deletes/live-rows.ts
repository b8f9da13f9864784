import {
  rowKeyColumn,
  type SourceColumn,
  type SourceShape,
  sequenceColumn,
  sourceSql,
} from '../read-plan/row-source.ts'
import { sqlName } from '../sql/sql-text.ts'
import { POSITIONS_TABLE, ROW_KEY, SEQUENCE } from './delete-tables.ts'
import type { EqualityKeys } from './equality-keys.ts'

/** The deletes of a task, loaded into tables of its database. */
export type LoadedDeletes = {
  readonly hasPositions: boolean
  readonly equality: readonly EqualityKeys[]
}

export const NO_DELETES: LoadedDeletes = { hasPositions: false, equality: [] }

/** A relation of the given columns over the rows that no delete hits, in order: anti joins keep it, other joins do not. */
export function liveRowsSql(
  shapes: readonly SourceShape[],
  columns: readonly SourceColumn[],
  deletes: LoadedDeletes,
): string {
  const names = columns.map((column) => `d.${sqlName(column.name)}`).join(', ')
  return `SELECT ${names} FROM (\n${sourceWithKeys(shapes, columns, deletes)}\n) d ${joins('ANTI JOIN', deletes)}`
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
  const misses = [
    ...(deletes.hasPositions ? ['p.k IS NULL'] : []),
    ...deletes.equality.map((keys, at) => `q${at}.${sqlName(keys.marker)} IS NULL`),
  ]
  const source = `(\n${sourceWithKeys(shapes, columns, deletes)}\n) d ${joins('LEFT JOIN', deletes)}`
  return { live: misses.length === 0 ? 'TRUE' : misses.join(' AND '), source }
}

function sourceWithKeys(
  shapes: readonly SourceShape[],
  columns: readonly SourceColumn[],
  deletes: LoadedDeletes,
): string {
  const present = new Set(columns.map((column) => column.name))
  const keys = [
    ...(deletes.hasPositions ? [rowKeyColumn(ROW_KEY)] : []),
    ...(deletes.equality.some((keys) => !keys.appliesToAll) ? [sequenceColumn(SEQUENCE)] : []),
    ...deletes.equality.flatMap((keys) => keys.sourceColumns),
  ]
  return sourceSql(shapes, [...columns, ...keys.filter((key) => !present.has(key.name))])
}

// The tables have each key once, so a row is never joined twice.
function joins(join: 'ANTI JOIN' | 'LEFT JOIN', deletes: LoadedDeletes): string {
  return [
    ...(deletes.hasPositions ? [`${join} ${sqlName(POSITIONS_TABLE)} p ON d.${sqlName(ROW_KEY)} = p.k`] : []),
    ...deletes.equality.map((keys, at) => `${join} ${sqlName(keys.table)} q${at} ON ${equalityMatch(keys, `q${at}`)}`),
  ].join('\n')
}

// Deletes compare null as equal to null (table spec, "Equality Delete Files").
function equalityMatch(keys: EqualityKeys, table: string): string {
  const equal = keys.columns.map((name) => `d.${sqlName(name)} IS NOT DISTINCT FROM ${table}.${sqlName(name)}`)
  const sooner = keys.appliesToAll ? [] : [`d.${sqlName(SEQUENCE)} < ${table}.${sqlName(SEQUENCE)}`]
  return [...equal, ...sooner].join(' AND ')
}
