import type { Schema } from '@moraine/iceberg/schema/schema'
import type { IcebergType } from '@moraine/iceberg/schema/type'
import { unreachable } from '@moraine/stdx/assert'
import type { HiveColumn } from './hive-struct.ts'

/**
 * The columns of a table as a metastore shows them. They are for show: readers of Iceberg take the schema from the
 * metadata. A type that Hive writes in two ways stays as `current` has it, since many metastores refuse a change of a
 * column's type that is not a widening.
 */
export function hiveColumns({ fields }: Schema, current: readonly HiveColumn[] = []): readonly HiveColumn[] {
  const before = new Map(current.map(({ name, type }) => [name.toLowerCase(), type]))
  return fields.map(({ name, type, doc }) => {
    const written = hiveType(type)
    const known = before.get(name.toLowerCase())
    const kept = known !== undefined && plain(known) === plain(written) ? known : written
    return { name, type: kept, ...(doc === undefined ? {} : { comment: doc }) }
  })
}

/** Clients of Hive 2 know no time zone; the reference implementation calls a variant `unknown`, which Hive 3 refuses. */
function plain(type: string): string {
  return type.replaceAll('timestamp with local time zone', 'timestamp').replace(/^unknown$/, 'binary')
}

function hiveType(type: IcebergType): string {
  switch (type.kind) {
    case 'boolean':
    case 'int':
    case 'float':
    case 'double':
    case 'date':
    case 'string':
    case 'binary':
      return type.kind
    case 'long':
      return 'bigint'
    case 'time':
    case 'uuid':
    case 'unknown':
      return 'string'
    case 'timestamp':
    case 'timestamp_ns':
      return 'timestamp'
    case 'timestamptz':
    case 'timestamptz_ns':
      return 'timestamp with local time zone'
    case 'fixed':
    case 'geometry':
    case 'geography':
    case 'variant':
      return 'binary'
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}:${hiveType(field.type)}`).join(',')}>`
    case 'list':
      return `array<${hiveType(type.element)}>`
    case 'map':
      return `map<${hiveType(type.key)},${hiveType(type.value)}>`
    default:
      return unreachable(type)
  }
}
