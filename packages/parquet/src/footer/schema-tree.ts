import { MoraineError } from '@moraine/stdx/error'
import type { PhysicalType, SchemaElement } from './file-metadata.ts'
import { fromConvertedType, type LogicalType } from './logical-type.ts'

/** One element of the schema in its place. */
export type SchemaNode = {
  readonly element: SchemaElement
  /** Position in the footer's flat list. */
  readonly index: number
  /** Names from below the root down to this node; empty for the root. */
  readonly path: readonly string[]
  readonly children: readonly SchemaNode[]
  readonly maxDefinitionLevel: number
  readonly maxRepetitionLevel: number
}

/** A column: each row group has one chunk for each leaf, in this order. */
export type SchemaLeaf = SchemaNode & { readonly type: PhysicalType }

/** Builds the tree from the flat list. @throws {MoraineError} `corrupt` where the counts of children do not add up. */
export function schemaTree(elements: readonly SchemaElement[]): { root: SchemaNode; leaves: readonly SchemaLeaf[] } {
  const leaves: SchemaLeaf[] = []
  let next = 0
  const visit = (parents: readonly string[], definition: number, repetition: number): SchemaNode => {
    const index = next
    const element = elements[index]
    if (element === undefined) throw new MoraineError('corrupt', 'the schema ends before its last group is complete')
    if (parents.length > MAX_DEPTH) throw new MoraineError('corrupt', `the schema is nested deeper than ${MAX_DEPTH}`)
    next += 1
    const isRoot = index === 0
    const place = {
      element,
      index,
      path: isRoot ? [] : [...parents, element.name],
      maxDefinitionLevel: definition + (isRoot || element.repetition === 'REQUIRED' ? 0 : 1),
      maxRepetitionLevel: repetition + (!isRoot && element.repetition === 'REPEATED' ? 1 : 0),
    }
    if (!isRoot && element.repetition === undefined) {
      throw new MoraineError('corrupt', `schema element ${place.path.join('.')} has no repetition type`)
    }
    const children: SchemaNode[] = []
    if (element.type !== undefined && (element.numChildren ?? 0) > 0) {
      throw new MoraineError('corrupt', `schema element ${place.path.join('.')} has both a type and children`)
    }
    if (element.type !== undefined && !isRoot) leaves.push({ ...place, children, type: element.type })
    // Some writers leave num_children out of an empty root.
    else if (element.numChildren === undefined && !isRoot) {
      throw new MoraineError('corrupt', `schema element ${place.path.join('.')} has neither a type nor children`)
    }
    for (let left = element.numChildren ?? 0; left > 0; left -= 1) {
      children.push(visit(place.path, place.maxDefinitionLevel, place.maxRepetitionLevel))
    }
    return { ...place, children }
  }
  const root = visit([], 0, 0)
  if (next !== elements.length) {
    throw new MoraineError('corrupt', `the schema has ${elements.length - next} elements outside of its root`)
  }
  return { root, leaves }
}

/** What the element's bytes mean, whichever of the two annotations says so. */
export function annotationOf(element: SchemaElement): LogicalType | undefined {
  if (element.logicalType !== undefined) return element.logicalType
  if (element.convertedType === undefined) return undefined
  return fromConvertedType(element.convertedType, element.scale, element.precision)
}

const MAX_DEPTH = 128
