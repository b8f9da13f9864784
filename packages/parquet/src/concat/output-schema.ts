import { must } from '@moraine/stdx/assert'
import { structOf, structsOf, type ThriftStruct, textValue, withFields } from '@moraine/thrift/thrift-tree'
import type { Repetition } from '../footer/file-metadata.ts'
import type { ParquetFooter } from '../footer/parquet-footer.ts'
import { fingerprintDifference, schemaFingerprint } from '../footer/schema-fingerprint.ts'
import type { SchemaNode } from '../footer/schema-tree.ts'
import {
  findLineageColumns,
  LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID,
  type LineageColumns,
  mayHoldNulls,
  ROW_ID_FIELD_ID,
} from '../lineage/lineage-columns.ts'
import type { ConcatInput, ConcatRefusal } from './concat-plan.ts'

/** The one schema of the output and how each input fits into it. */
export type OutputSchema = {
  /** The elements of the footer's schema, root first. */
  readonly elements: readonly ThriftStruct[]
  readonly inputs: readonly InputColumns[]
  /** Names and nullability of lineage columns that must be appended to some inputs. */
  readonly appended: AppendedLineage | undefined
}

export type InputColumns = {
  /** Positions of the input's columns in the order of the output. */
  readonly order: readonly number[]
  readonly appendLineage: boolean
}

export type AppendedLineage = { readonly rowId: AppendedColumn; readonly sequenceNumber: AppendedColumn }
export type AppendedColumn = { readonly name: string; readonly isOptional: boolean }

/**
 * Agrees on a schema: equal for all inputs, apart from row lineage columns, which come last in the output and which
 * inputs may lack if they are to be appended.
 */
export function agreeOnSchema(inputs: readonly ConcatInput[], rowLineage: boolean): OutputSchema | ConcatRefusal {
  const found: (LineageColumns | undefined)[] = []
  for (const input of inputs) {
    const columns = rowLineage ? usableLineage(input) : { kind: 'ready' as const, columns: undefined }
    if (columns.kind === 'refused') return columns
    found.push(columns.columns)
  }
  const mismatch = schemaMismatch(inputs, found)
  if (mismatch !== undefined) return { kind: 'refused', reason: mismatch }

  const first = must(inputs[0], 'the first input').source.footer
  const carrier = inputs.findIndex((_, at) => found[at] !== undefined)
  const appended = rowLineage && found.includes(undefined) ? appendedLineage(found[carrier]) : undefined
  const plain = plainElements(first, found[0])
  const lineage = rowLineage ? lineageElements(inputs[carrier]?.source.footer, found[carrier]) : []
  const root = must(structsOf(first.tree, 2)[0], 'the root element')
  const children = first.schema.children.length - (found[0] === undefined ? 0 : 2) + lineage.length
  const inputColumns = inputs.map((input, at) => ({
    order: columnOrder(input.source.footer.leaves.length, found[at]),
    appendLineage: rowLineage && found[at] === undefined,
  }))
  return {
    elements: [withFields(root, { 5: { type: 'i32', value: children } }), ...plain, ...lineage],
    inputs: inputColumns,
    appended,
  }
}

type UsableLineage = { readonly kind: 'ready'; readonly columns: LineageColumns | undefined } | ConcatRefusal

function usableLineage(input: ConcatInput): UsableLineage {
  const { footer } = input.source
  const refused = (reason: string) => ({ kind: 'refused' as const, reason: `${footer.file.name}: ${reason}` })
  const search = findLineageColumns(footer)
  switch (search.kind) {
    case 'unusable':
      return refused(search.reason)
    case 'none':
      if (input.lineage !== undefined) return { kind: 'ready', columns: undefined }
      return refused('it has neither row lineage columns nor a first row id')
    case 'found': {
      const { columns } = search
      const groups = input.rowGroups ?? footer.metadata.rowGroups.keys()
      for (const at of groups) {
        if (mayHoldNulls(footer, at, columns.rowId) || mayHoldNulls(footer, at, columns.sequenceNumber)) {
          return refused(`the row lineage columns of row group ${at} may hold nulls, which only a rewrite can resolve`)
        }
      }
      return { kind: 'ready', columns }
    }
  }
}

function schemaMismatch(
  inputs: readonly ConcatInput[],
  found: readonly (LineageColumns | undefined)[],
): string | undefined {
  let plain: { name: string; text: string } | undefined
  let lineage: { name: string; text: string } | undefined
  for (const [at, input] of inputs.entries()) {
    const { footer } = input.source
    const { name } = footer.file
    const own = found[at]
    const texts = splitFingerprint(footer, own)
    plain ??= { name, text: texts.plain }
    const difference = fingerprintDifference(plain.text, texts.plain)
    if (difference !== undefined) return `the schemas of ${plain.name} and ${name} differ: ${difference}`
    if (own === undefined) continue
    lineage ??= { name, text: texts.lineage }
    const other = fingerprintDifference(lineage.text, texts.lineage)
    if (other !== undefined) return `the row lineage columns of ${lineage.name} and ${name} differ: ${other}`
  }
  return undefined
}

function splitFingerprint(
  footer: ParquetFooter,
  lineage: LineageColumns | undefined,
): { plain: string; lineage: string } {
  const own = lineageIndexes(lineage)
  const { schema } = footer
  const isLineage = (node: SchemaNode) => own.includes(node.index)
  return {
    plain: schemaFingerprint({ ...schema, children: schema.children.filter((node) => !isLineage(node)) }),
    lineage: own
      .flatMap((index) => schema.children.filter((node) => node.index === index))
      .map((node) => schemaFingerprint({ ...schema, children: [node] }))
      .join('\n'),
  }
}

function lineageIndexes(lineage: LineageColumns | undefined): number[] {
  return lineage === undefined ? [] : [lineage.rowId.leaf.index, lineage.sequenceNumber.leaf.index]
}

function plainElements(footer: ParquetFooter, lineage: LineageColumns | undefined): ThriftStruct[] {
  const without = new Set([0, ...lineageIndexes(lineage)])
  return structsOf(footer.tree, 2).filter((_, index) => !without.has(index))
}

function lineageElements(footer: ParquetFooter | undefined, lineage: LineageColumns | undefined): ThriftStruct[] {
  if (footer === undefined || lineage === undefined) {
    const { rowId, sequenceNumber } = appendedLineage(undefined)
    return [
      lineageElement(rowId, ROW_ID_FIELD_ID),
      lineageElement(sequenceNumber, LAST_UPDATED_SEQUENCE_NUMBER_FIELD_ID),
    ]
  }
  const elements = structsOf(footer.tree, 2)
  return lineageIndexes(lineage).map((index) => must(elements[index], 'a lineage element'))
}

// OPTIONAL, as engines write them, so that their files and ours can be concatenated again.
function appendedLineage(like: LineageColumns | undefined): AppendedLineage {
  const column = (name: string, repetition: Repetition | undefined): AppendedColumn => {
    return { name, isOptional: repetition !== 'REQUIRED' }
  }
  return {
    rowId: column(like?.rowId.leaf.element.name ?? '_row_id', like?.rowId.leaf.element.repetition),
    sequenceNumber: column(
      like?.sequenceNumber.leaf.element.name ?? '_last_updated_sequence_number',
      like?.sequenceNumber.leaf.element.repetition,
    ),
  }
}

function lineageElement(column: AppendedColumn, fieldId: number): ThriftStruct {
  return structOf({
    1: { type: 'i32', value: 2 },
    3: { type: 'i32', value: column.isOptional ? 1 : 0 },
    4: textValue(column.name),
    9: { type: 'i32', value: fieldId },
  })
}

function columnOrder(leaves: number, lineage: LineageColumns | undefined): number[] {
  const all = Array.from({ length: leaves }, (_, at) => at)
  if (lineage === undefined) return all
  const own = [lineage.rowId.at, lineage.sequenceNumber.at]
  return [...all.filter((at) => !own.includes(at)), ...own]
}
