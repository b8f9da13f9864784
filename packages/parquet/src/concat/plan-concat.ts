import { assert, must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { findField, i64Value, structList, structsOf, type ThriftStruct, withFields } from '@moraine/thrift/thrift-tree'
import type { RowGroup } from '../footer/file-metadata.ts'
import { decodeMetadata, encodeFooter, MAGIC } from '../footer/parquet-footer.ts'
import { sequenceChunk } from '../lineage/lineage-chunk.ts'
import type { RowLineage } from '../lineage/lineage-columns.ts'
import { agreeOnColumnOrders } from './column-orders.ts'
import type { ConcatInput, ConcatOptions, ConcatPlan, ConcatRefusal } from './concat-plan.ts'
import { fileLevelTree } from './file-level-tree.ts'
import { OutputLayout } from './output-layout.ts'
import { type AppendedLineage, agreeOnSchema, type InputColumns, type OutputSchema } from './output-schema.ts'
import { type PlacedChunk, placeAuxiliary } from './place-auxiliary.ts'
import { movedChunk, placeChunks, shiftOf } from './place-row-group.ts'
import { refusalOf } from './refusal.ts'

/**
 * Plans one output file that holds the row groups of the inputs, in their order, without decoding a page: bytes are
 * copied, offsets in the new footer are shifted. With `rowLineage`, the values that rows would otherwise lose are
 * written as two columns behind each copied row group.
 *
 * Pure: equal inputs give equal plans. `refused` says which input cannot be copied and why; a rewrite then can.
 */
export function planConcat(inputs: readonly ConcatInput[], options: ConcatOptions): ConcatPlan | ConcatRefusal {
  if (inputs.length === 0) throw new MoraineError('invalid-input', 'there are no files to concatenate')
  for (const input of inputs) {
    const reason = refusalOf(input)
    if (reason !== undefined) return { kind: 'refused', reason }
  }
  const schema = agreeOnSchema(inputs, options.rowLineage)
  if ('kind' in schema) return schema

  const layout = new OutputLayout()
  layout.appendBytes('magic', MAGIC)
  const placed: PlacedRowGroup[] = []
  for (const [at, input] of inputs.entries()) {
    for (const group of input.rowGroups ?? input.source.footer.metadata.rowGroups.keys()) {
      const result = placeRowGroup(layout, input, at, group, schema)
      if (result.kind === 'refused') return result
      if (result.kind === 'placed') placed.push(result.group)
    }
  }
  const notes = placeAuxiliary(
    layout,
    inputs,
    placed.flatMap((group) => group.chunks),
  )
  return finishPlan(layout, inputs, options, schema, placed, notes)
}

type PlacedRowGroup = {
  readonly tree: ThriftStruct
  readonly source: RowGroup
  readonly chunks: readonly PlacedChunk[]
  readonly outputOffset: number
  readonly appendedBytes: number
}

type Placing = { kind: 'placed'; group: PlacedRowGroup } | { kind: 'empty' } | ConcatRefusal

function placeRowGroup(
  layout: OutputLayout,
  input: ConcatInput,
  at: number,
  group: number,
  schema: OutputSchema,
): Placing {
  const { footer } = input.source
  const source = must(footer.metadata.rowGroups[group], 'a row group')
  if (source.numRows === 0) return { kind: 'empty' }
  const tree = must(structsOf(footer.tree, 4)[group], 'the tree of a row group')
  const outputOffset = layout.offset
  const metadata = source.columns.map((chunk) => must(chunk.metadata, 'the metadata of a chunk'))
  const segments = placeChunks(metadata, outputOffset)
  if (segments === undefined) {
    return { kind: 'refused', reason: `${footer.file.name}: column chunks of row group ${group} overlap` }
  }
  for (const segment of segments) layout.appendCopy('row-group', at, segment.offset, segment.length)

  const trees = structsOf(tree, 1)
  const columns: InputColumns = must(schema.inputs[at], 'the columns of an input')
  const chunks = columns.order.map((from): PlacedChunk => {
    const chunk = must(source.columns[from], 'a chunk')
    const own = must(metadata[from], 'the metadata of a chunk')
    const shift = shiftOf(own, segments)
    const moved = movedChunk(must(trees[from], 'the tree of a chunk'), chunk, own, shift)
    return { tree: moved, original: { input: at, rowGroup: group, rows: source.numRows, chunk, metadata: own, shift } }
  })
  const appendedFrom = layout.offset
  if (columns.appendLineage) {
    const lineage = must(input.lineage, 'the lineage of an input')
    chunks.push(...appendLineage(layout, must(schema.appended, 'lineage columns'), lineage, input, group))
  }
  const appendedBytes = layout.offset - appendedFrom
  return { kind: 'placed', group: { tree: reorderSorting(tree, columns), source, chunks, outputOffset, appendedBytes } }
}

function appendLineage(
  layout: OutputLayout,
  names: AppendedLineage,
  lineage: RowLineage,
  input: ConcatInput,
  group: number,
): PlacedChunk[] {
  const groups = input.source.footer.metadata.rowGroups
  const rows = must(groups[group], 'a row group').numRows
  const rowsBefore = groups.slice(0, group).reduce((sum, { numRows }) => sum + numRows, 0)
  const columns = [
    { ...names.rowId, first: lineage.firstRowId + BigInt(rowsBefore), delta: 1n as const },
    { ...names.sequenceNumber, first: lineage.sequenceNumber, delta: 0n as const },
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

function finishPlan(
  layout: OutputLayout,
  inputs: readonly ConcatInput[],
  options: ConcatOptions,
  schema: OutputSchema,
  placed: readonly PlacedRowGroup[],
  notes: string[],
): ConcatPlan | ConcatRefusal {
  const rowGroups = placed.map((group, ordinal) => rowGroupTree(group, ordinal))
  const rows = placed.reduce((sum, group) => sum + group.source.numRows, 0)
  const orders = agreeOnColumnOrders(inputs, schema.inputs)
  if (orders.kind === 'differ') notes.push('column orders differ between the inputs and were left out')
  const tree = fileLevelTree(inputs, options, {
    elements: schema.elements,
    columnOrders: orders.kind === 'equal' ? orders.list : undefined,
    appendsLineage: schema.appended !== undefined,
    rows,
    rowGroups,
  })
  if ('kind' in tree) return tree
  const metadataOffset = layout.offset
  layout.appendBytes('footer', encodeFooter(tree))
  const file = { name: 'the concatenated file', sizeBytes: layout.offset, metadataOffset }
  const footer = decodeMetadata(encodeFooter(tree), file)
  assert(footer.metadata.numRows === rows, 'the planned footer has all rows')
  return {
    kind: 'planned',
    pieces: layout.pieces,
    footer,
    sizeBytes: layout.offset,
    rows,
    splitOffsets: placed.map((group) => group.outputOffset),
    notes,
  }
}

function rowGroupTree(group: PlacedRowGroup, ordinal: number): ThriftStruct {
  const { source, tree, chunks, appendedBytes } = group
  const compressed = source.totalCompressedSize
  return withFields(tree, {
    1: structList(chunks.map((chunk) => chunk.tree)),
    2: i64Value(source.totalByteSize + appendedBytes),
    5: source.fileOffset === undefined ? undefined : i64Value(group.outputOffset),
    6: compressed === undefined ? undefined : i64Value(compressed + appendedBytes),
    // An i16.
    7: source.ordinal === undefined || ordinal > 0x7fff ? undefined : { type: 'i16', value: ordinal },
  })
}
