import type { IcebergType } from '@moraine/iceberg/schema/type'
import { areAddressable } from '../sql/column-names.ts'
import type { FileColumn, FileType } from './file-column.ts'

/**
 * A change of one element of a footer's schema: of a staged copy, so that DuckDB can read the file exactly, or of an
 * output, so that it says what DuckDB could not. A file in the table is never touched.
 */
export type FooterEdit = {
  /** Position in the footer's list of schema elements. */
  readonly index: number
  readonly rename?: string
  readonly annotation?: FooterAnnotation
}

/**
 * What a column's bytes are said to mean:
 *
 * - `none`: DuckDB would cut nanoseconds with a zone to microseconds; without their annotation they are integers
 * - `uuid`: 16 bytes that the table knows for a UUID and the file does not say so
 * - `timestamptz-nanos`: what `none` took away, put back
 */
export type FooterAnnotation = 'none' | 'uuid' | 'timestamptz-nanos'

/**
 * What must be changed in a file's footer before DuckDB reads it; nothing for most files.
 *
 * @param wanted types of the table's primitive fields by id
 */
export function stagingEdits(
  columns: readonly FileColumn[],
  wanted: ReadonlyMap<number, IcebergType>,
): readonly FooterEdit[] {
  return editsOf(columns, 'top', wanted)
}

/** The names of sibling columns in the staged file: their own, or `c<position>` if SQL cannot tell those apart. */
export function stagedNames(columns: readonly FileColumn[], place: 'top' | 'nested'): readonly string[] {
  const names = columns.map((column) => column.name)
  return areAddressable(names, place) ? names : columns.map((column) => `c${column.node.index}`)
}

function editsOf(
  columns: readonly FileColumn[],
  place: 'top' | 'nested',
  wanted: ReadonlyMap<number, IcebergType>,
): readonly FooterEdit[] {
  const names = stagedNames(columns, place)
  return columns.flatMap((column, at) => {
    const { type, node } = column
    const name = names[at]
    const rename = name === undefined || name === column.name ? undefined : name
    const annotation = type.kind === 'leaf' ? annotationEdit(type, wantedKind(column, wanted)) : undefined
    const own: FooterEdit = {
      index: node.index,
      ...(rename !== undefined && { rename }),
      ...(annotation !== undefined && { annotation }),
    }
    const isEdited = rename !== undefined || annotation !== undefined
    return [...(isEdited ? [own] : []), ...innerEdits(type, wanted)]
  })
}

function innerEdits(type: FileType, wanted: ReadonlyMap<number, IcebergType>): readonly FooterEdit[] {
  switch (type.kind) {
    case 'struct':
      return editsOf(type.columns, 'nested', wanted)
    case 'list':
      return editsOf([type.element], 'nested', wanted)
    case 'map':
      return [type.key, type.value].flatMap((part) => editsOf([part], 'nested', wanted))
    case 'leaf':
    case 'unreadable':
      return []
  }
}

function wantedKind(column: FileColumn, wanted: ReadonlyMap<number, IcebergType>): IcebergType['kind'] | undefined {
  return column.fieldId === undefined ? undefined : wanted.get(column.fieldId)?.kind
}

function annotationEdit(
  { physical, length, annotation }: Extract<FileType, { kind: 'leaf' }>,
  wanted: IcebergType['kind'] | undefined,
): 'none' | 'uuid' | undefined {
  if (annotation?.kind === 'timestamp' && annotation.unit === 'nanos' && annotation.isAdjustedToUtc) return 'none'
  const isBareUuid =
    physical === 'FIXED_LEN_BYTE_ARRAY' && length === 16 && annotation === undefined && wanted === 'uuid'
  return isBareUuid ? 'uuid' : undefined
}
