import { must } from '@moraine/stdx/assert'
import {
  findField,
  structField,
  structList,
  structOf,
  structsOf,
  type ThriftStruct,
  type ThriftValue,
  textValue,
  withFields,
} from '@moraine/thrift/thrift-tree'
import { WireType } from '@moraine/thrift/wire-type'
import { type PhysicalType, physicalCode, type Repetition, repetitionCode } from './file-metadata.ts'
import { formatLogicalType, type LogicalType, toConvertedType } from './logical-type.ts'
import { type ParquetFooter, withTree } from './parquet-footer.ts'
import type { SchemaNode } from './schema-tree.ts'

// Edits of a footer's tree: pure, and everything that is not named stays as it was. What an edit makes of the file's
// meaning is up to the caller: the pages do not change.

/**
 * What to change about a schema element; what is absent stays. `null` removes.
 *
 * `annotation` sets both forms of it, so that older readers agree with newer ones.
 */
export type ElementEdit = {
  readonly name?: string
  readonly fieldId?: number | null
  readonly repetition?: Repetition
  readonly annotation?: LogicalType | null
  readonly type?: PhysicalType
  readonly typeLength?: number | null
}

/**
 * Applies `edit` to every element below the root, groups included; its path is in the old names. Column chunks follow
 * in name and type.
 *
 * @throws {MoraineError} `corrupt` if the result contradicts itself, for example by two types for one column.
 */
export function editSchema(footer: ParquetFooter, edit: (node: SchemaNode) => ElementEdit | undefined): ParquetFooter {
  const edits = new Map<number, ElementEdit>()
  const leaves: { path: string[]; edit: ElementEdit | undefined }[] = []
  const visit = (node: SchemaNode, parents: readonly string[]) => {
    const own = edit(node)
    if (own !== undefined) edits.set(node.index, own)
    const path = [...parents, own?.name ?? node.element.name]
    if (node.element.type !== undefined) leaves.push({ path, edit: own })
    for (const child of node.children) visit(child, path)
  }
  for (const child of footer.schema.children) visit(child, [])

  const elements = structsOf(footer.tree, 2).map((tree, index) => {
    const own = edits.get(index)
    return own === undefined ? tree : editElement(tree, own)
  })
  const rowGroups = structsOf(footer.tree, 4).map((group) => {
    const chunks = structsOf(group, 1).map((chunk, at) => editChunk(chunk, must(leaves[at], 'a leaf')))
    return withFields(group, { 1: structList(chunks) })
  })
  return withTree(footer, withFields(footer.tree, { 2: structList(elements), 4: structList(rowGroups) }))
}

/** States that min and max values follow the order of the column's type, which readers otherwise may not assume. */
export const TYPE_DEFINED_ORDER: ThriftStruct = structOf({ 1: structOf({}) })

function editElement(tree: ThriftStruct, edit: ElementEdit): ThriftStruct {
  const changes: Record<number, ThriftValue | undefined> = {}
  if (edit.type !== undefined) changes[1] = i32(physicalCode(edit.type))
  if (edit.typeLength !== undefined) changes[2] = optionalI32(edit.typeLength)
  if (edit.repetition !== undefined) changes[3] = i32(repetitionCode(edit.repetition))
  if (edit.name !== undefined) changes[4] = textValue(edit.name)
  if (edit.fieldId !== undefined) changes[9] = optionalI32(edit.fieldId)
  if (edit.annotation !== undefined) Object.assign(changes, annotationFields(edit.annotation))
  return withFields(tree, changes)
}

function annotationFields(annotation: LogicalType | null): Record<number, ThriftValue | undefined> {
  if (annotation === null) return { 6: undefined, 7: undefined, 8: undefined, 10: undefined }
  const decimal = annotation.kind === 'decimal' ? annotation : undefined
  return {
    6: optionalI32(toConvertedType(annotation) ?? null),
    7: optionalI32(decimal?.scale ?? null),
    8: optionalI32(decimal?.precision ?? null),
    10: formatLogicalType(annotation),
  }
}

function editChunk(
  chunk: ThriftStruct,
  leaf: { path: readonly string[]; edit: ElementEdit | undefined },
): ThriftStruct {
  const metadata = structField(chunk, 3)
  if (metadata === undefined) return chunk
  const type = leaf.edit?.type
  const path: ThriftValue = { type: 'list', elementType: WireType.binary, elements: leaf.path.map(textValue) }
  const edited = withFields(metadata, {
    1: type === undefined ? findField(metadata, 1) : i32(physicalCode(type)),
    3: path,
  })
  return withFields(chunk, { 3: edited })
}

function i32(value: number): ThriftValue {
  return { type: 'i32', value }
}

function optionalI32(value: number | null): ThriftValue | undefined {
  return value === null ? undefined : i32(value)
}
