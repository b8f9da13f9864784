/**
 * Iceberg's types (table spec, "Schemas and Data Types"), as plain values. `fixed` has a length in bytes; `decimal`
 * a precision up to 38 and a scale. Structs, lists and maps carry the field ids by which columns are resolved.
 */
export type IcebergType = PrimitiveType | StructType | ListType | MapType

export type PrimitiveType =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'fixed'; readonly length: number }
  | { readonly kind: 'geometry'; readonly crs?: string }
  | { readonly kind: 'geography'; readonly crs?: string; readonly algorithm?: string }

export type SimpleKind =
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'timestamp_ns'
  | 'timestamptz_ns'
  | 'string'
  | 'uuid'
  | 'binary'
  | 'variant'
  | 'unknown'

export type StructType = { readonly kind: 'struct'; readonly fields: readonly NestedField[] }

export type ListType = {
  readonly kind: 'list'
  readonly elementId: number
  readonly elementRequired: boolean
  readonly element: IcebergType
}

export type MapType = {
  readonly kind: 'map'
  readonly keyId: number
  readonly key: IcebergType
  readonly valueId: number
  readonly valueRequired: boolean
  readonly value: IcebergType
}

export type NestedField = {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: IcebergType
  readonly doc?: string
  /** v3: the value of rows in files written before the field existed; in the JSON form of single values. */
  readonly initialDefault?: DefaultValue
  /** v3: the value written where a writer supplies none. */
  readonly writeDefault?: DefaultValue
}

/** A default in the spec's JSON single-value form, as it stands in metadata ("Appendix D: JSON single-value"). */
export type DefaultValue = string | number | bigint | boolean | readonly unknown[] | { readonly [key: string]: unknown }

export function isPrimitive(type: IcebergType): type is PrimitiveType {
  return type.kind !== 'struct' && type.kind !== 'list' && type.kind !== 'map'
}
