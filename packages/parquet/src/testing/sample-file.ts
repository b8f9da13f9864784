import { parquetReadObjects, type SchemaElement } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { OutputSink } from '../range-reader.ts'

/** What the tests' files hold: nested and nullable columns, several pages a chunk, page indexes, bloom filters. */
export type Sample = {
  readonly firstRow: number
  readonly rows: number
  readonly rowGroupRows?: number
  readonly createdBy?: string
  readonly schema?: readonly SchemaElement[]
  readonly columns?: readonly SampleColumn[]
}

export type SampleColumn = { readonly name: string; readonly data: unknown[] }

export const SAMPLE_SCHEMA: readonly SchemaElement[] = [
  { name: 'table', num_children: 6 },
  { name: 'id', type: 'INT64', repetition_type: 'REQUIRED', field_id: 1 },
  { name: 'name', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL', field_id: 2 },
  { name: 'price', type: 'DOUBLE', repetition_type: 'OPTIONAL', field_id: 3 },
  { name: 'place', repetition_type: 'OPTIONAL', num_children: 2, field_id: 4 },
  { name: 'x', type: 'INT32', repetition_type: 'REQUIRED', field_id: 5 },
  { name: 'y', type: 'INT32', repetition_type: 'OPTIONAL', field_id: 6 },
  { name: 'tags', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', field_id: 7 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL', field_id: 8 },
  {
    name: 'amount',
    type: 'INT32',
    converted_type: 'DECIMAL',
    scale: 2,
    precision: 9,
    repetition_type: 'OPTIONAL',
    field_id: 9,
  },
]

/** A whole Parquet file in memory. */
export function sampleFile(sample: Sample): Uint8Array {
  const buffer = parquetWriteBuffer({
    schema: [...(sample.schema ?? SAMPLE_SCHEMA)],
    columnData: (sample.columns ?? sampleColumns(sample)).map((column) => ({
      ...column,
      columnIndex: true,
      offsetIndex: true,
      bloomFilter: column.name === 'id' || column.name === 'name',
    })) as Parameters<typeof parquetWriteBuffer>[0]['columnData'],
    rowGroupSize: sample.rowGroupRows ?? 100,
    pageSize: 256,
    createdBy: sample.createdBy ?? 'sample version 1.0.0',
    kvMetadata: [
      { key: 'ARROW:schema', value: 'not read' },
      { key: 'origin', value: `${sample.firstRow}` },
    ],
  })
  return new Uint8Array(buffer)
}

export function sampleColumns({ firstRow, rows }: Pick<Sample, 'firstRow' | 'rows'>): SampleColumn[] {
  const numbers = Array.from({ length: rows }, (_, at) => firstRow + at)
  return [
    { name: 'id', data: numbers.map((row) => BigInt(row)) },
    { name: 'name', data: numbers.map((row) => (row % 7 === 0 ? null : `name ${row}`)) },
    { name: 'price', data: numbers.map((row) => (row % 5 === 0 ? null : row / 4)) },
    { name: 'place', data: numbers.map((row) => (row % 11 === 0 ? null : { x: row, y: row % 2 ? null : -row })) },
    { name: 'tags', data: numbers.map((row) => tagsOf(row)) },
    { name: 'amount', data: numbers.map((row) => (row % 3 === 0 ? null : row / 100)) },
  ]
}

function tagsOf(row: number): unknown {
  if (row % 4 === 0) return null
  return Array.from({ length: row % 4 }, (_, at) => (at === 2 ? null : `tag ${row % 13} ${at}`))
}

/** All rows, by a reader that is not ours. */
export async function readParquetRows(
  bytes: Uint8Array,
  filter?: Record<string, unknown>,
): Promise<Record<string, unknown>[]> {
  const file = Uint8Array.from(bytes).buffer
  return await parquetReadObjects({
    file,
    ...(filter === undefined ? {} : { filter: filter as never, useBloomFilters: true, usePageIndex: true }),
  })
}

export type MemorySink = OutputSink & { bytes(): Uint8Array }

export function memorySink(): MemorySink {
  const parts: Buffer[] = []
  return {
    async write(bytes) {
      parts.push(Buffer.from(bytes))
    },
    bytes: () => Buffer.concat(parts),
  }
}
