import { LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID, ROW_ID_FIELD_ID } from '@moraine/iceberg/schema/reserved-field-ids'
import type { NestedField } from '@moraine/iceberg/schema/type'
import { must } from '@moraine/stdx/assert'
import { sqlName, sqlTexts } from '../sql/sql-text.ts'
import type { FileColumn } from './file-column.ts'
import { type Projection, projectField } from './project-column.ts'

/** A staged data file, ready to be read. */
export type SourceFile = {
  /** As the table names it. */
  readonly filePath: string
  readonly stagedPath: string
  readonly columns: readonly FileColumn[]
  /** Equal for files whose columns can be read by the same statement. */
  readonly shape: string
  readonly dataSequenceNumber: number
  readonly firstRowId?: bigint
}

/** Files of one shape, read by one `read_parquet`. */
export type SourceShape = {
  readonly columns: readonly FileColumn[]
  readonly files: readonly SourceFile[]
  /** Of the first file; ordinals number the files of all shapes in the order in which they are read. */
  readonly firstOrdinal: number
}

/** The number of each file in the order in which the shapes are read. */
export function ordinalsOf(shapes: readonly SourceShape[]): ReadonlyMap<SourceFile, number> {
  return new Map(shapes.flatMap((shape) => shape.files.map((file, at) => [file, shape.firstOrdinal + at] as const)))
}

/** One column of the source relation: its name and its expression over the files of a shape. */
export type SourceColumn = { readonly name: string; readonly sql: (shape: SourceShape) => string }

/** Groups files by shape, in the order in which each shape first occurs; files of a shape keep their order. */
export function groupByShape(files: readonly SourceFile[]): readonly SourceShape[] {
  const shapes: SourceShape[] = []
  let firstOrdinal = 0
  for (const [, members] of Map.groupBy(files, (file) => file.shape)) {
    shapes.push({ columns: must(members[0], 'a file of a shape').columns, files: members, firstOrdinal })
    firstOrdinal += members.length
  }
  return shapes
}

/** A relation with the given columns over all rows of all files, in order. */
export function sourceSql(shapes: readonly SourceShape[], columns: readonly SourceColumn[]): string {
  return shapes
    .map((shape) => {
      const items = columns.map((column) => `${column.sql(shape)} AS ${sqlName(column.name)}`)
      // DuckDB would otherwise take `dt=2024-01-01/` in a path for a column that replaces the file's own.
      const files = `read_parquet(${sqlTexts(shape.files.map((file) => file.stagedPath))}, hive_partitioning=false, union_by_name=false)`
      return `SELECT ${items.join(', ')} FROM ${files}`
    })
    .join('\nUNION ALL\n')
}

/** A field of the table. */
export function tableColumn(field: NestedField, name: string, constants: Projection['constants']): SourceColumn {
  return {
    name,
    sql: ({ columns, files }) =>
      projectField(field, columns, sqlName, { fileName: must(files[0], 'a file').filePath, constants }),
  }
}

/** `ordinal << 32 | position`: which row of which file. A file has fewer than 2^32 rows. */
export function rowKeyColumn(name: string): SourceColumn {
  return {
    name,
    sql: ({ firstOrdinal }) => `(file_index::BIGINT + ${firstOrdinal}) * ${KEY_FACTOR} + file_row_number::BIGINT`,
  }
}

export const KEY_FACTOR = 4294967296

/** The data sequence number of each row's file. */
export function sequenceColumn(name: string): SourceColumn {
  return { name, sql: (shape) => perFile(shape, (file) => String(file.dataSequenceNumber)) }
}

/**
 * Row lineage of format v3 (table spec, "Row Lineage"): what a file stores wins, then what its rows inherit. Rows of a
 * file without a first row id have neither id nor last update yet; both stay null and are inherited from the output.
 */
export function lineageColumn(field: NestedField, name: string): SourceColumn {
  return {
    name,
    sql: (shape) => {
      const stored = shape.columns.some((column) => column.fieldId === field.id)
        ? tableColumn(field, name, NO_CONSTANTS).sql(shape)
        : undefined
      const inherited = inheritedLineage(field.id, shape)
      return stored === undefined ? inherited : `COALESCE(${stored}, ${inherited})`
    },
  }
}

const NO_CONSTANTS: Projection['constants'] = new Map()

/** The two columns of row lineage, as fields of the files that hold them. */
export const LINEAGE_FIELDS: readonly NestedField[] = [
  { id: ROW_ID_FIELD_ID, name: '_row_id', required: false, type: { kind: 'long' } },
  {
    id: LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID,
    name: '_last_updated_sequence_number',
    required: false,
    type: { kind: 'long' },
  },
]

function inheritedLineage(fieldId: number, shape: SourceShape): string {
  if (fieldId === ROW_ID_FIELD_ID) {
    const first = perFile(shape, (file) => (file.firstRowId === undefined ? 'NULL' : String(file.firstRowId)))
    return `${first} + file_row_number::BIGINT`
  }
  return perFile(shape, (file) => (file.firstRowId === undefined ? 'NULL' : String(file.dataSequenceNumber)))
}

// A list looked up by the file's position; one literal where all files agree.
function perFile({ files }: SourceShape, value: (file: SourceFile) => string): string {
  const values = files.map(value)
  const [first] = values
  if (first !== undefined && values.every((each) => each === first)) return `CAST(${first} AS BIGINT)`
  return `(CAST([${values.join(', ')}] AS BIGINT[]))[file_index::BIGINT + 1]`
}
