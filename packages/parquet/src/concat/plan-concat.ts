import { assert } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { i64Value, structList, type ThriftStruct, withFields } from '@moraine/thrift/thrift-tree'
import { decodeMetadata, encodeFooter, PARQUET_MAGIC } from '../footer/parquet-footer.ts'
import { agreeOnColumnOrders } from './column-orders.ts'
import type { ConcatInput, ConcatOptions, ConcatPlan, ConcatRefusal } from './concat-plan.ts'
import { fileLevelTree } from './file-level-tree.ts'
import { OutputLayout } from './output-layout.ts'
import { agreeOnSchema, type OutputSchema } from './output-schema.ts'
import { placeAuxiliary } from './place-auxiliary.ts'
import { type PlacedRowGroup, placeInput } from './place-input.ts'
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
  layout.appendBytes('magic', PARQUET_MAGIC)
  const placed: PlacedRowGroup[] = []
  for (const [at, input] of inputs.entries()) {
    const result = placeInput(layout, input, at, schema)
    if ('kind' in result) return result
    placed.push(...result)
  }
  const notes = placeAuxiliary(
    layout,
    inputs,
    placed.flatMap((group) => group.chunks),
  )
  return finishPlan(layout, inputs, options, schema, placed, notes)
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
  const encoded = encodeFooter(tree)
  layout.appendBytes('footer', encoded)
  const file = { name: 'the concatenated file', sizeBytes: layout.offset, metadataOffset }
  const footer = decodeMetadata(encoded, file)
  assert(footer.metadata.numRows === rows, 'the planned footer has all rows')
  return {
    kind: 'planned',
    inputs: inputs.map(({ source }) => ({ name: source.footer.file.name, sizeBytes: source.footer.file.sizeBytes })),
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
