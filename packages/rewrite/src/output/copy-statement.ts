import { type IcebergType, isPrimitive, type NestedField } from '@moraine/iceberg/schema/type'
import { MoraineError } from '@moraine/stdx/error'
import { addressableNames } from '../sql/column-names.ts'
import { sqlName, sqlText } from '../sql/sql-text.ts'
import type { RowGroupLayout } from './output-size.ts'

export type CopyOptions = {
  /** The relation to write, its columns named as the fields are. */
  readonly source: string
  readonly fields: readonly NestedField[]
  readonly names: readonly string[]
  /** A directory if there are to be several files, else a file. */
  readonly target: string
  /** In Iceberg's words. */
  readonly compression: string
  readonly layout: RowGroupLayout
  /** Dictionaries make files smaller, but see signed-zeros.ts. */
  readonly hasDictionaries: boolean
  /** A column of the source, besides those of the fields: each of its values gets a directory `name=value`. */
  readonly partitionBy?: string
}

/** Writes a relation to Parquet with the field ids of the table. Columns keep their SQL names; see final-footer.ts. */
export function copyStatement(options: CopyOptions): string {
  const settings = [
    'FORMAT parquet',
    `COMPRESSION ${duckDbCodec(options.compression)}`,
    // Version 2 brings encodings that widely used readers refuse.
    'PARQUET_VERSION V1',
    `FIELD_IDS ${fieldIds(options.fields, options.names)}`,
    `ROW_GROUP_SIZE ${options.layout.rowGroupRows}`,
    ...(options.hasDictionaries ? [] : ['DICTIONARY_SIZE_LIMIT 0']),
    ...splitting(options),
  ]
  return `COPY (\n${options.source}\n) TO ${sqlText(options.target)} (${settings.join(', ')})`
}

// DuckDB does not split by size what it splits by a column; one partition holds at most what the group does.
function splitting({ layout, partitionBy }: CopyOptions): readonly string[] {
  const names = `FILENAME_PATTERN ${sqlText('{i}')}`
  if (partitionBy !== undefined) return [`PARTITION_BY (${sqlName(partitionBy)})`, names]
  return layout.rowGroupsPerFile === undefined ? [] : [`ROW_GROUPS_PER_FILE ${layout.rowGroupsPerFile}`, names]
}

function duckDbCodec(compression: string): string {
  const codec = CODECS[compression.toLowerCase()]
  if (codec !== undefined) return codec
  throw new MoraineError(
    'unsupported',
    `compression codec ${compression} cannot be written; set write.parquet.compression-codec to one of ${Object.keys(CODECS).join(', ')}`,
  )
}

// Iceberg's `lz4` means the framing that other readers expect, which Parquet calls LZ4_RAW.
const CODECS: Readonly<Record<string, string | undefined>> = {
  zstd: 'zstd',
  snappy: 'snappy',
  gzip: 'gzip',
  lz4: 'lz4_raw',
  lz4_raw: 'lz4_raw',
  uncompressed: 'uncompressed',
  none: 'uncompressed',
}

function fieldIds(fields: readonly NestedField[], names: readonly string[]): string {
  return `{${fields.map((field, at) => `${sqlName(names[at] ?? '')}: ${fieldIdOf(field.id, field.type)}`).join(', ')}}`
}

function fieldIdOf(id: number, type: IcebergType): string {
  const inner = innerFieldIds(type)
  return inner.length === 0 ? String(id) : `{__duckdb_field_id: ${id}, ${inner.join(', ')}}`
}

function innerFieldIds(type: IcebergType): readonly string[] {
  if (isPrimitive(type)) return []
  switch (type.kind) {
    case 'struct': {
      const names = addressableNames(type.fields, 'nested')
      return type.fields.map((field, at) => `${sqlName(names[at] ?? '')}: ${fieldIdOf(field.id, field.type)}`)
    }
    case 'list':
      return [`element: ${fieldIdOf(type.elementId, type.element)}`]
    case 'map':
      return [`key: ${fieldIdOf(type.keyId, type.key)}`, `value: ${fieldIdOf(type.valueId, type.value)}`]
  }
}
