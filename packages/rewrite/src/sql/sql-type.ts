import type { IcebergType } from '@moraine/iceberg/schema/type'
import { formatPrimitiveType } from '@moraine/iceberg/schema/type-text'
import { unreachable } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { addressableNames } from './column-names.ts'
import { sqlName } from './sql-text.ts'

/**
 * The DuckDB type that carries values of an Iceberg type exactly. Two Iceberg types have none of their own: nanoseconds
 * with a zone travel as the BIGINT they are stored as, and `fixed` as BLOB; the footers say what they are
 * (staging-edits.ts on the way in, final-footer.ts on the way out).
 *
 * @throws {MoraineError} `unsupported` for types whose values DuckDB cannot hold without loss
 */
export function sqlType(type: IcebergType): string {
  switch (type.kind) {
    case 'boolean':
    case 'float':
    case 'double':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamp_ns':
    case 'uuid':
      return type.kind.toUpperCase()
    case 'int':
      return 'INTEGER'
    case 'long':
    case 'timestamptz_ns':
      return 'BIGINT'
    case 'timestamptz':
      return 'TIMESTAMP WITH TIME ZONE'
    case 'string':
      return 'VARCHAR'
    case 'binary':
    case 'fixed':
      return 'BLOB'
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'struct': {
      const names = addressableNames(type.fields, 'nested')
      const members = type.fields.map((field, at) => `${sqlName(names[at] ?? '')} ${sqlType(field.type)}`)
      return `STRUCT(${members.join(', ')})`
    }
    case 'list':
      return `${sqlType(type.element)}[]`
    case 'map':
      return `MAP(${sqlType(type.key)}, ${sqlType(type.value)})`
    case 'variant':
    case 'geometry':
    case 'geography':
    case 'unknown':
      throw new MoraineError(
        'unsupported',
        `columns of type ${formatPrimitiveType(type)} cannot be rewritten row by row; files without deletes can still be concatenated`,
      )
    default:
      return unreachable(type)
  }
}
