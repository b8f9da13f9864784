import type { Schema } from './schema.ts'
import { type DefaultValue, type IcebergType, isPrimitive, type NestedField } from './type.ts'
import { DEFAULT_CRS, DEFAULT_EDGE_ALGORITHM, formatPrimitiveType } from './type-text.ts'

/** Whether two schemas are the same but for their ids: a catalog then keeps the one it has. */
export function isSameSchema(a: Schema, b: Schema): boolean {
  return isSameSet(a.identifierFieldIds, b.identifierFieldIds) && areSameFields(a.fields, b.fields)
}

/** Whether two types are the same, names, ids, docs and defaults of nested fields included. */
function isSameType(a: IcebergType, b: IcebergType): boolean {
  if (isPrimitive(a) || isPrimitive(b)) {
    return isPrimitive(a) && isPrimitive(b) && canonicalText(a) === canonicalText(b)
  }
  if (a.kind === 'struct') return b.kind === 'struct' && areSameFields(a.fields, b.fields)
  if (a.kind === 'list') {
    return (
      b.kind === 'list' &&
      a.elementId === b.elementId &&
      a.elementRequired === b.elementRequired &&
      isSameType(a.element, b.element)
    )
  }
  return (
    b.kind === 'map' &&
    a.keyId === b.keyId &&
    a.valueId === b.valueId &&
    a.valueRequired === b.valueRequired &&
    isSameType(a.key, b.key) &&
    isSameType(a.value, b.value)
  )
}

function areSameFields(a: readonly NestedField[], b: readonly NestedField[]): boolean {
  return a.length === b.length && a.every((field, at) => isSameField(field, b[at]))
}

function isSameField(a: NestedField, b: NestedField | undefined): boolean {
  return (
    b !== undefined &&
    a.id === b.id &&
    a.name === b.name &&
    a.required === b.required &&
    a.doc === b.doc &&
    isSameType(a.type, b.type) &&
    isSameDefault(a.initialDefault, b.initialDefault) &&
    isSameDefault(a.writeDefault, b.writeDefault)
  )
}

function isSameDefault(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [entriesA, entriesB] = [Object.entries(a as DefaultValue), Object.entries(b as DefaultValue)]
  return (
    entriesA.length === entriesB.length &&
    entriesA.every(([key, value]) => Object.hasOwn(b, key) && isSameDefault(value, (b as Record<string, unknown>)[key]))
  )
}

// Omitted parameters of geospatial types have defaults, and the case of a CRS does not count.
function canonicalText(type: IcebergType & { kind: string }): string {
  if (type.kind === 'geometry') return `geometry(${(type.crs ?? DEFAULT_CRS).toLowerCase()})`
  if (type.kind === 'geography') {
    return `geography(${(type.crs ?? DEFAULT_CRS).toLowerCase()}, ${type.algorithm ?? DEFAULT_EDGE_ALGORITHM})`
  }
  return isPrimitive(type) ? formatPrimitiveType(type) : type.kind
}

function isSameSet(a: readonly number[], b: readonly number[]): boolean {
  const [setA, setB] = [new Set(a), new Set(b)]
  return setA.size === setB.size && setA.isSubsetOf(setB)
}
