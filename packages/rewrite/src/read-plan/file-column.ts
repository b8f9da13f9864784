import { findMappedId, type NameMapping } from '@moraine/iceberg/schema/name-mapping'
import type { PhysicalType } from '@moraine/parquet/footer/file-metadata'
import type { LogicalType } from '@moraine/parquet/footer/logical-type'
import type { ParquetFooter } from '@moraine/parquet/footer/parquet-footer'
import { annotationOf, type SchemaNode } from '@moraine/parquet/footer/schema-tree'
import { MoraineError } from '@moraine/stdx/error'

/** A column of a Parquet file at any depth, with the field id by which the table knows it. */
export type FileColumn = {
  /** Absent if the table does not know the column. */
  readonly fieldId?: number
  readonly name: string
  /** Names from the top; parts of lists and maps are `element`, `key` and `value`. */
  readonly path: readonly string[]
  readonly node: SchemaNode
  readonly type: FileType
}

export type FileType =
  | {
      readonly kind: 'leaf'
      readonly physical: PhysicalType
      readonly length?: number
      readonly annotation?: LogicalType
    }
  | { readonly kind: 'struct'; readonly columns: readonly FileColumn[] }
  | { readonly kind: 'list'; readonly element: FileColumn }
  | { readonly kind: 'map'; readonly key: FileColumn; readonly value: FileColumn }
  /** A shape that DuckDB and Iceberg do not read alike; only refused if the table wants the column. */
  | { readonly kind: 'unreadable'; readonly reason: string }

/**
 * The columns of a file. A file without field ids, as one that was imported and not written through Iceberg, gets them
 * from the table's name mapping.
 *
 * @throws {MoraineError} `unsupported` if a file has neither ids nor a mapping: columns found by name or position could
 * be the wrong ones after a rename.
 */
export function fileColumns(footer: ParquetFooter, mapping: NameMapping | undefined): readonly FileColumn[] {
  const ids = hasFieldIds(footer.schema) ? undefined : mapping
  if (ids === undefined && !hasFieldIds(footer.schema)) {
    throw new MoraineError(
      'unsupported',
      `${footer.file.name} has no field ids and the table no name mapping (schema.name-mapping.default): its columns cannot be told for sure`,
    )
  }
  return footer.schema.children.map((node) => fileColumn(node, [], ids))
}

function hasFieldIds(node: SchemaNode): boolean {
  return node.element.fieldId !== undefined || node.children.some(hasFieldIds)
}

function fileColumn(
  node: SchemaNode,
  parent: readonly string[],
  mapping: NameMapping | undefined,
  part?: string,
): FileColumn {
  const path = [...parent, part ?? node.element.name]
  const fieldId = mapping === undefined ? node.element.fieldId : findMappedId(mapping, path)
  return {
    ...(fieldId !== undefined && { fieldId }),
    name: node.element.name,
    path,
    node,
    type: fileType(node, path, mapping),
  }
}

function fileType(node: SchemaNode, path: readonly string[], mapping: NameMapping | undefined): FileType {
  const { element } = node
  const annotation = annotationOf(element)
  if (element.type !== undefined) {
    return {
      kind: 'leaf',
      physical: element.type,
      ...(element.typeLength !== undefined && { length: element.typeLength }),
      ...(annotation !== undefined && { annotation }),
    }
  }
  if (annotation?.kind === 'list') return listType(node, path, mapping)
  if (annotation?.kind === 'map') return mapType(node, path, mapping)
  if (annotation !== undefined) return { kind: 'unreadable', reason: `is a group that is a ${annotation.kind}` }
  const repeated = node.children.find((child) => child.element.repetition === 'REPEATED')
  if (repeated !== undefined) {
    return { kind: 'unreadable', reason: `repeats ${repeated.element.name} without being a list or a map` }
  }
  return { kind: 'struct', columns: node.children.map((child) => fileColumn(child, path, mapping)) }
}

// parquet-format, LogicalTypes.md, "Lists": the repeated group is a level of its own unless it is the element itself.
function listType(node: SchemaNode, path: readonly string[], mapping: NameMapping | undefined): FileType {
  const [repeated, ...more] = node.children
  if (repeated === undefined || more.length > 0 || repeated.element.repetition !== 'REPEATED') {
    return { kind: 'unreadable', reason: 'is a list that is not built like one' }
  }
  const [only] = repeated.children
  const isTwoLevel =
    only === undefined ||
    repeated.children.length > 1 ||
    repeated.element.name === 'array' ||
    repeated.element.name === `${node.element.name}_tuple`
  return { kind: 'list', element: fileColumn(isTwoLevel ? repeated : only, path, mapping, 'element') }
}

function mapType(node: SchemaNode, path: readonly string[], mapping: NameMapping | undefined): FileType {
  const [repeated, ...more] = node.children
  const [key, value, ...others] = repeated?.children ?? []
  if (repeated?.element.repetition !== 'REPEATED' || more.length > 0 || others.length > 0) {
    return { kind: 'unreadable', reason: 'is a map that is not built like one' }
  }
  if (key === undefined || value === undefined) return { kind: 'unreadable', reason: 'is a map without values' }
  return {
    kind: 'map',
    key: fileColumn(key, path, mapping, 'key'),
    value: fileColumn(value, path, mapping, 'value'),
  }
}
