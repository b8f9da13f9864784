import { must } from '@moraine/stdx/assert'
import { findField, structList, structsOf, type ThriftStruct, withFields } from '@moraine/thrift/thrift-tree'
import type { RowGroup } from '../footer/file-metadata.ts'
import { sequenceChunk } from '../lineage/lineage-chunk.ts'
import type { ConcatInput, ConcatRefusal } from './concat-plan.ts'
import type { OutputLayout } from './output-layout.ts'
import type { AppendedLineage, InputColumns, OutputSchema } from './output-schema.ts'
import type { PlacedChunk } from './place-auxiliary.ts'
import { movedChunk, placeChunks } from './place-row-group.ts'

/** A row group whose pages have their place in the output. */
export type PlacedRowGroup = {
  /** As in the input, apart from what the move changes. */
  readonly tree: ThriftStruct
  readonly source: RowGroup
  readonly chunks: readonly PlacedChunk[]
  readonly outputOffset: number
  /** Of lineage columns behind the copied chunks. */
  readonly appendedBytes: number
}

/** Lays out the chosen row groups of one input; empty ones are left out. */
export function placeInput(
  layout: OutputLayout,
  input: ConcatInput,
  at: number,
  schema: OutputSchema,
): PlacedRowGroup[] | ConcatRefusal {
  const { footer } = input.source
  const columns = must(schema.inputs[at], 'the columns of an input')
  const trees = structsOf(footer.tree, 4)
  const firstRows = rowsBefore(footer.metadata.rowGroups)
  const placed: PlacedRowGroup[] = []
  for (const group of input.rowGroups ?? footer.metadata.rowGroups.keys()) {
    const source = must(footer.metadata.rowGroups[group], 'a row group')
    if (source.numRows === 0) continue
    const outputOffset = layout.offset
    const tree = must(trees[group], 'the tree of a row group')
    const chunks = copyChunks(layout, source, tree, columns, { input: at, rowGroup: group })
    if (chunks === undefined) {
      return { kind: 'refused', reason: `${footer.file.name}: column chunks of row group ${group} overlap` }
    }
    const copiedTo = layout.offset
    if (columns.appendLineage) {
      const names = must(schema.appended, 'lineage columns')
      chunks.push(...appendLineage(layout, names, input, must(firstRows[group], 'a first row'), source.numRows))
    }
    const appendedBytes = layout.offset - copiedTo
    placed.push({ tree: reorderSorting(tree, columns), source, chunks, outputOffset, appendedBytes })
  }
  return placed
}

function rowsBefore(groups: readonly RowGroup[]): number[] {
  let rows = 0
  return groups.map(({ numRows }) => {
    const before = rows
    rows += numRows
    return before
  })
}

function copyChunks(
  layout: OutputLayout,
  source: RowGroup,
  tree: ThriftStruct,
  columns: InputColumns,
  origin: { readonly input: number; readonly rowGroup: number },
): PlacedChunk[] | undefined {
  const metadata = source.columns.map((chunk) => must(chunk.metadata, 'the metadata of a chunk'))
  const placement = placeChunks(metadata, layout.offset)
  if (placement === undefined) return undefined
  for (const { offset, length } of placement.segments) layout.appendCopy('row-group', origin.input, offset, length)
  const trees = structsOf(tree, 1)
  return columns.order.map((from) => {
    const chunk = must(source.columns[from], 'a chunk')
    const own = must(metadata[from], 'the metadata of a chunk')
    const shift = must(placement.shifts[from], 'a shift')
    const moved = movedChunk(must(trees[from], 'the tree of a chunk'), chunk, own, shift)
    return { tree: moved, original: { ...origin, rows: source.numRows, chunk, metadata: own, shift } }
  })
}

function appendLineage(
  layout: OutputLayout,
  names: AppendedLineage,
  { lineage }: ConcatInput,
  firstRow: number,
  rows: number,
): PlacedChunk[] {
  const { firstRowId, sequenceNumber } = must(lineage, 'the lineage of an input')
  const columns = [
    { ...names.rowId, first: firstRowId + BigInt(firstRow), delta: 1n as const },
    { ...names.sequenceNumber, first: sequenceNumber, delta: 0n as const },
  ]
  return columns.map((column) => {
    const { bytes, tree } = sequenceChunk(column, rows, layout.offset)
    layout.appendBytes('lineage', bytes)
    return { tree }
  })
}

// Sorting columns name columns by position.
function reorderSorting(tree: ThriftStruct, columns: InputColumns): ThriftStruct {
  if (columns.order.every((from, to) => from === to)) return tree
  const sorting = structsOf(tree, 4)
  if (sorting.length === 0) return tree
  const moved = sorting.map((column) => {
    const index = findField(column, 1)
    const to = index?.type === 'i32' ? columns.order.indexOf(index.value) : -1
    return withFields(column, { 1: { type: 'i32', value: to } })
  })
  return withFields(tree, { 4: structList(moved) })
}
