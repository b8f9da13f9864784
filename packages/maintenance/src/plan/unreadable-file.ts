import { ENCRYPTED, FOREIGN, FORMATS } from '@moraine/iceberg/scan/file-segment'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { childFields } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive } from '@moraine/iceberg/schema/type'
import type { DeleteState } from './delete-state.ts'

export type Unreadable = {
  readonly reason: 'unsupported-format' | 'encrypted' | 'foreign'
  readonly detail: string
}

/** A column whose values cannot be written again exactly; the whole table is left alone then. `undefined` if there is none. */
export function unwritableColumn(schema: Schema): Unreadable | undefined {
  const column = schema.fields.find((field) => holdsUnwritable(field.type))
  return (
    column && {
      reason: 'unsupported-format',
      detail: `column ${column.name} is, or holds, a variant or a geometry, which is not rewritten`,
    }
  )
}

function holdsUnwritable(type: IcebergType): boolean {
  if (isPrimitive(type)) return type.kind === 'variant' || type.kind === 'geometry' || type.kind === 'geography'
  return childFields(type).some((field) => holdsUnwritable(field.type))
}

/** Locations of files that are not the table's own, where it is held to its own. */
export type ForeignFiles = {
  /** The first of the segment that is asked about. */
  readonly first: string | undefined
  readonly deletes: ReadonlySet<string> | undefined
}

/** Why a file is not worked on; such a file is shown and left alone. `undefined` if it can be. */
export function unreadableFile(format: number, deletes: DeleteState, foreign: ForeignFiles): Unreadable | undefined {
  if (format >= FOREIGN) return foreignFile('data files', foreign.first ?? '')
  return format === READABLE ? unreadableDelete(deletes, foreign.deletes) : unreadableFormat(format)
}

/** What a table names is said by its writers, who could name what others keep to themselves. */
function foreignFile(what: string, path: string): Unreadable {
  const where = `${what} outside of the table's location and of the folders that its properties name are left alone, such as ${path}`
  const remedy = `copy their rows into the table with the engine that added them, or have the catalog allow them`
  return { reason: 'foreign', detail: `${where}: ${remedy}` }
}

const READABLE = FORMATS.indexOf('parquet')

function unreadableFormat(format: number): Unreadable {
  const name = FORMATS[format % ENCRYPTED]
  return name === 'parquet'
    ? { reason: 'encrypted', detail: 'data files are encrypted' }
    : { reason: 'unsupported-format', detail: `data files in ${name} are not rewritten` }
}

function unreadableDelete({ effective }: DeleteState, foreign: ForeignFiles['deletes']): Unreadable | undefined {
  for (const { file } of effective) {
    if (foreign?.has(file.filePath) === true) return foreignFile('delete files', file.filePath)
    if (file.fileFormat !== 'parquet' && file.fileFormat !== 'puffin') {
      return {
        reason: 'unsupported-format',
        detail: `delete files in ${file.fileFormat} are not read, for example ${file.filePath}`,
      }
    }
    if (file.keyMetadata !== undefined) return { reason: 'encrypted', detail: `${file.filePath} is encrypted` }
  }
  return undefined
}
