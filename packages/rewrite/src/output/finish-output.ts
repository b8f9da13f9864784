import { stat } from 'node:fs/promises'
import { childFields } from '@moraine/iceberg/schema/schema-index'
import type { IcebergType, NestedField } from '@moraine/iceberg/schema/type'
import { type ParquetFooter, readFooter } from '@moraine/parquet/footer/parquet-footer'
import type { SchemaNode } from '@moraine/parquet/footer/schema-tree'
import type { FooterEdit } from '../read-plan/staging-edits.ts'
import { editFooterInPlace } from '../staging/edit-footer.ts'
import { withLocalReader } from '../staging/local-reader.ts'

/** A file that DuckDB wrote, made into one of the table. */
export type FinishedOutput = {
  readonly path: string
  readonly footer: ParquetFooter
  readonly sizeBytes: number
}

/**
 * Gives the columns of an output the table's own names, where SQL needed others, and says of nanoseconds with a zone
 * what DuckDB could not. Only the footer changes.
 */
export async function finishOutput(path: string, fields: readonly NestedField[]): Promise<FinishedOutput> {
  const written = await withLocalReader(path, (reader) => readFooter(reader, path))
  const edits = finalEdits(written.schema.children, fields)
  const footer = edits.length === 0 ? written : await editFooterInPlace(path, path, edits)
  const { size } = await stat(path)
  return { path, footer, sizeBytes: size }
}

function finalEdits(nodes: readonly SchemaNode[], fields: readonly NestedField[]): readonly FooterEdit[] {
  const byId = new Map<number, NestedField>()
  const collect = (field: NestedField) => {
    byId.set(field.id, field)
    childFields(field.type).forEach(collect)
  }
  fields.forEach(collect)
  return nodes.flatMap((node) => nodeEdits(node, byId))
}

function nodeEdits(node: SchemaNode, byId: ReadonlyMap<number, NestedField>): readonly FooterEdit[] {
  const { element, index, children } = node
  const field = element.fieldId === undefined ? undefined : byId.get(element.fieldId)
  const own = field === undefined ? [] : fieldEdit(index, element.name, field.name, field.type)
  return [...own, ...children.flatMap((child) => nodeEdits(child, byId))]
}

function fieldEdit(index: number, written: string, name: string, type: IcebergType): readonly FooterEdit[] {
  const isNanos = type.kind === 'timestamptz_ns'
  if (written === name && !isNanos) return []
  return [
    { index, ...(written !== name && { rename: name }), ...(isNanos && { annotation: 'timestamptz-nanos' as const }) },
  ]
}
