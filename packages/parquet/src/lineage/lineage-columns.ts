import type { ParquetFooter } from '../footer/parquet-footer.ts'
import type { SchemaLeaf } from '../footer/schema-tree.ts'

/** Field ids that the Iceberg table spec reserves; the same as in `iceberg`, which this package does not know. */
export const ROW_ID_FIELD_ID = 2147483540
export const LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID = 2147483539

/** What the rows of a file without lineage columns inherit from its manifest entry (table spec, "Row Lineage"). */
export type RowLineage = { readonly firstRowId: bigint; readonly sequenceNumber: bigint }

/** The columns that hold row lineage, by their positions among a file's leaves. */
export type LineageColumns = {
  readonly rowId: { readonly leaf: SchemaLeaf; readonly at: number }
  readonly sequenceNumber: { readonly leaf: SchemaLeaf; readonly at: number }
}

export type LineageSearch =
  | { readonly kind: 'found'; readonly columns: LineageColumns }
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly reason: string }

/** Looks for the two columns by field id. They must be top-level INT64 columns, both or neither. */
export function findLineageColumns(footer: ParquetFooter): LineageSearch {
  const rowId = locate(footer, ROW_ID_FIELD_ID)
  const sequenceNumber = locate(footer, LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID)
  if (rowId === undefined && sequenceNumber === undefined) return { kind: 'none' }
  if (rowId === undefined || sequenceNumber === undefined) {
    return { kind: 'unusable', reason: 'it has only one of the two row lineage columns' }
  }
  for (const { leaf } of [rowId, sequenceNumber]) {
    if (leaf.type !== 'INT64' || leaf.path.length !== 1 || leaf.maxRepetitionLevel > 0) {
      return { kind: 'unusable', reason: `its row lineage column ${leaf.path.join('.')} is not a top-level INT64` }
    }
  }
  return { kind: 'found', columns: { rowId, sequenceNumber } }
}

/** Whether a row group's chunk may hold nulls, which stand for values that only the manifest entry knows. */
export function mayHoldNulls(
  footer: ParquetFooter,
  rowGroup: number,
  column: { leaf: SchemaLeaf; at: number },
): boolean {
  if (column.leaf.maxDefinitionLevel === 0) return false
  return footer.metadata.rowGroups[rowGroup]?.columns[column.at]?.metadata?.statistics?.nullCount !== 0
}

function locate(footer: ParquetFooter, fieldId: number): { leaf: SchemaLeaf; at: number } | undefined {
  const at = footer.leaves.findIndex((leaf) => leaf.element.fieldId === fieldId)
  const leaf = footer.leaves[at]
  return leaf === undefined ? undefined : { leaf, at }
}
