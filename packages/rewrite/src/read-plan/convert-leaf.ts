import type { IcebergType, PrimitiveType } from '@moraine/iceberg/schema/type'
import { isPrimitive } from '@moraine/iceberg/schema/type'
import { formatPrimitiveType } from '@moraine/iceberg/schema/type-text'
import { logicalTypeText } from '@moraine/parquet/footer/logical-type'
import { sqlType } from '../sql/sql-type.ts'
import type { FileType } from './file-column.ts'

export type FileLeaf = Extract<FileType, { kind: 'leaf' }>

/**
 * Turns a stored leaf into a value of the table's type: the same one, or one the spec lets it be promoted from, or one
 * that other writers store it as. `undefined` if the file holds something else.
 *
 * @param value the leaf as DuckDB reads it from the staged file, see staging-edits.ts
 */
export function convertLeaf(value: string, leaf: FileLeaf, wanted: PrimitiveType): string | undefined {
  const cast = `CAST(${value} AS ${sqlType(wanted)})`
  const source = leafSource(leaf)
  switch (wanted.kind) {
    case 'boolean':
      return leaf.physical === 'BOOLEAN' ? value : undefined
    case 'int':
      if (source === 'int32') return value
      return source === 'small-int' ? cast : undefined
    case 'long':
      if (source === 'int64') return value
      return source === 'int32' || source === 'small-int' || source === 'uint32' ? cast : undefined
    case 'float':
      return leaf.physical === 'FLOAT' ? value : undefined
    case 'double':
      if (leaf.physical === 'DOUBLE') return value
      return leaf.physical === 'FLOAT' ? cast : undefined
    case 'date':
      return source === 'date' ? value : undefined
    case 'time':
      return source === 'time' ? cast : undefined
    case 'timestamp':
    case 'timestamptz':
      // The zone of the annotation is taken from the table: some writers store one for the other.
      return source === 'timestamp' || (wanted.kind === 'timestamp' && source === 'date') ? cast : undefined
    case 'timestamp_ns':
      if (source === 'nanos') return value
      if (source === 'nanos-utc') return `make_timestamp_ns(${value})`
      return source === 'date' ? cast : undefined
    case 'timestamptz_ns':
      if (source === 'nanos-utc') return value
      return source === 'nanos' ? `epoch_ns(${value})` : undefined
    case 'string':
      if (source === 'text') return value
      if (source === 'json') return cast
      return source === 'bytes' ? `decode(${value})` : undefined
    case 'binary':
      if (source === 'bytes') return value
      return source === 'text' ? `encode(${value})` : undefined
    case 'uuid':
      return leaf.physical === 'FIXED_LEN_BYTE_ARRAY' && leaf.length === 16 ? value : undefined
    case 'fixed':
      return source === 'fixed' && leaf.length === wanted.length ? value : undefined
    case 'decimal': {
      const { annotation } = leaf
      if (annotation?.kind !== 'decimal' || annotation.scale !== wanted.scale) return undefined
      if (annotation.precision === wanted.precision) return value
      return annotation.precision < wanted.precision ? cast : undefined
    }
    case 'variant':
    case 'geometry':
    case 'geography':
    case 'unknown':
      return undefined
  }
}

/** For messages: what a file holds where a type was wanted. */
export function describeLeaf(leaf: FileLeaf): string {
  const length = leaf.length === undefined ? '' : `(${leaf.length})`
  return `${leaf.physical}${length}${leaf.annotation === undefined ? '' : ` ${logicalTypeText(leaf.annotation)}`}`
}

export function describeType(type: IcebergType): string {
  return isPrimitive(type) ? formatPrimitiveType(type) : type.kind
}

type LeafSource =
  | 'int32'
  | 'small-int'
  | 'uint32'
  | 'int64'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'nanos'
  | 'nanos-utc'
  | 'text'
  | 'json'
  | 'bytes'
  | 'fixed'
  | 'other'

function leafSource({ physical, annotation }: FileLeaf): LeafSource {
  switch (physical) {
    case 'INT32':
      if (annotation === undefined) return 'int32'
      if (annotation.kind === 'integer') return smallInteger(annotation.bitWidth, annotation.isSigned)
      if (annotation.kind === 'time') return 'time'
      return annotation.kind === 'date' ? 'date' : 'other'
    case 'INT64':
      if (annotation === undefined) return 'int64'
      if (annotation.kind === 'integer') return annotation.isSigned ? 'int64' : 'other'
      if (annotation.kind === 'time') return annotation.unit === 'nanos' ? 'other' : 'time'
      if (annotation.kind !== 'timestamp') return 'other'
      if (annotation.unit !== 'nanos') return 'timestamp'
      return annotation.isAdjustedToUtc ? 'nanos-utc' : 'nanos'
    case 'BYTE_ARRAY':
      if (annotation === undefined) return 'bytes'
      if (annotation.kind === 'string' || annotation.kind === 'enum') return 'text'
      return annotation.kind === 'json' ? 'json' : 'other'
    case 'FIXED_LEN_BYTE_ARRAY':
      return annotation === undefined ? 'fixed' : 'other'
    case 'INT96':
      return 'timestamp'
    case 'BOOLEAN':
    case 'FLOAT':
    case 'DOUBLE':
      return 'other'
  }
}

function smallInteger(bitWidth: number, isSigned: boolean): LeafSource {
  if (bitWidth === 32) return isSigned ? 'int32' : 'uint32'
  return 'small-int'
}
