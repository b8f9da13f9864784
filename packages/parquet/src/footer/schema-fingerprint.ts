import { logicalTypeText } from './logical-type.ts'
import { annotationOf, type SchemaNode } from './schema-tree.ts'

export type FingerprintOptions = {
  /** Treat REQUIRED and OPTIONAL alike. Pages of the two are encoded differently, so never for copying them. */
  readonly ignoreNullability?: boolean
}

/**
 * A schema as text, one line an element, in which two schemas are equal exactly if readers take them for the same:
 * the root's name does not count, nor which of the two annotation forms a writer chose, nor an annotation that only
 * repeats the physical type.
 */
export function schemaFingerprint(schema: SchemaNode, options: FingerprintOptions = {}): string {
  const lines: string[] = []
  const visit = (node: SchemaNode) => {
    lines.push(elementLine(node, options))
    node.children.forEach(visit)
  }
  schema.children.forEach(visit)
  return lines.join('\n')
}

/** The first difference between two fingerprints, for people; `undefined` if there is none. */
export function fingerprintDifference(a: string, b: string): string | undefined {
  if (a === b) return undefined
  const left = a.split('\n')
  const right = b.split('\n')
  const at = left.findIndex((line, i) => line !== right[i])
  const i = at < 0 ? left.length : at
  return `${left[i] ?? 'no column'} against ${right[i] ?? 'no column'}`
}

function elementLine(node: SchemaNode, options: FingerprintOptions): string {
  const { element } = node
  const nullable = options.ignoreNullability === true && element.repetition !== 'REPEATED'
  const type = element.type === 'FIXED_LEN_BYTE_ARRAY' ? `FIXED(${element.typeLength ?? 0})` : (element.type ?? 'group')
  const parts = [
    JSON.stringify(node.path),
    nullable ? 'ONE' : element.repetition,
    type,
    annotationText(node),
    element.fieldId === undefined ? '' : `id ${element.fieldId}`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}

function annotationText(node: SchemaNode): string {
  const annotation = annotationOf(node.element)
  if (annotation === undefined) return ''
  const { type, repetition } = node.element
  if (annotation.kind === 'integer' && annotation.isSigned && `INT${annotation.bitWidth}` === type) return ''
  // The group between a map and its keys carries MAP_KEY_VALUE, MAP or nothing, as the writer likes.
  if (annotation.kind === 'map' && repetition === 'REPEATED') return ''
  return logicalTypeText(annotation)
}
