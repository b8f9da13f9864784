import type { ScanTask } from '@moraine/iceberg/scan/delete-index'
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
export function unreadableReason({ data }: ScanTask, deletes: DeleteState): Unreadable | undefined {
  const { file } = data
  if (file.fileFormat !== 'parquet') {
    return {
      reason: 'unsupported-format',
      detail: `data files in ${file.fileFormat} are not rewritten, for example ${file.filePath}`,
    }
  }
  if (file.keyMetadata !== undefined) return { reason: 'encrypted', detail: `${file.filePath} is encrypted` }
  for (const { file: deleteFile } of deletes.effective) {
    if (deleteFile.fileFormat !== 'parquet' && deleteFile.fileFormat !== 'puffin') {
      return {
        reason: 'unsupported-format',
        detail: `delete files in ${deleteFile.fileFormat} are not read, for example ${deleteFile.filePath}`,
      }
    }
    if (deleteFile.keyMetadata !== undefined) {
      return { reason: 'encrypted', detail: `${deleteFile.filePath} is encrypted` }
    }
  }
  return undefined
}
