import { ENCRYPTED, FORMATS } from '@moraine/iceberg/scan/file-segment'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { childFields } from '@moraine/iceberg/schema/schema-index'
import { type IcebergType, isPrimitive } from '@moraine/iceberg/schema/type'
import type { DeleteState } from './delete-state.ts'

export type Unreadable = { readonly reason: 'unsupported-format' | 'encrypted'; readonly detail: string }

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

/** Why the executor cannot work on a file; such a file is shown and left alone. `undefined` if it can. */
export function unreadableFile(format: number, deletes: DeleteState): Unreadable | undefined {
  return format === READABLE ? unreadableDelete(deletes) : unreadableFormat(format)
}

const READABLE = FORMATS.indexOf('parquet')

function unreadableFormat(format: number): Unreadable {
  const name = FORMATS[format % ENCRYPTED]
  return name === 'parquet'
    ? { reason: 'encrypted', detail: 'data files are encrypted' }
    : { reason: 'unsupported-format', detail: `data files in ${name} are not rewritten` }
}

function unreadableDelete({ effective }: DeleteState): Unreadable | undefined {
  for (const { file } of effective) {
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
