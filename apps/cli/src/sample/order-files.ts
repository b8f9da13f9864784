import type { ContentFile, FileMetrics } from '@moraine/iceberg/manifest/content-file'
import type { Schema } from '@moraine/iceberg/schema/schema'
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { Order } from './sample-orders.ts'

export const ORDER_SCHEMA: Schema = {
  schemaId: 0,
  fields: [
    { id: 1, name: 'order_id', required: true, type: { kind: 'long' } },
    { id: 2, name: 'region', required: true, type: { kind: 'string' } },
    { id: 3, name: 'customer', required: false, type: { kind: 'string' } },
    { id: 4, name: 'status', required: false, type: { kind: 'string' } },
    { id: 5, name: 'amount', required: false, type: { kind: 'decimal', precision: 10, scale: 2 } },
    { id: 6, name: 'updated_at', required: false, type: { kind: 'timestamptz' } },
  ],
  identifierFieldIds: [1, 2],
}

type WriteOptions = Parameters<typeof parquetWriteBuffer>[0]
type SchemaElement = NonNullable<WriteOptions['schema']>[number]

const KEY: SchemaElement = { name: 'order_id', type: 'INT64', repetition_type: 'REQUIRED', field_id: 1 }

const COLUMNS: readonly SchemaElement[] = [
  KEY,
  { name: 'region', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED', field_id: 2 },
  { name: 'customer', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL', field_id: 3 },
  { name: 'status', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL', field_id: 4 },
  {
    name: 'amount',
    type: 'INT64',
    converted_type: 'DECIMAL',
    precision: 10,
    scale: 2,
    repetition_type: 'OPTIONAL',
    field_id: 5,
  },
  {
    name: 'updated_at',
    type: 'INT64',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
    repetition_type: 'OPTIONAL',
    field_id: 6,
  },
]

/** A data file of orders, as Parquet. */
export function orderDataFile(orders: readonly Order[]): Uint8Array {
  return parquet(COLUMNS, [
    orders.map((order) => order.orderId),
    orders.map((order) => order.region),
    orders.map((order) => order.customer),
    orders.map((order) => order.status),
    orders.map((order) => Number(order.amountCents) / 100),
    orders.map((order) => order.updatedAt),
  ])
}

/** An equality delete file of order ids, as Parquet. */
export function orderDeleteFile(orderIds: readonly bigint[]): Uint8Array {
  return parquet([KEY], [orderIds])
}

function parquet(columns: readonly SchemaElement[], data: readonly (readonly unknown[])[]): Uint8Array {
  const schema = [{ name: 'table', num_children: columns.length }, ...columns]
  const columnData = columns.map((column, at) => ({ name: column.name, data: [...(data[at] ?? [])] }))
  return new Uint8Array(parquetWriteBuffer({ schema, columnData: columnData as WriteOptions['columnData'] }))
}

/** Counts of the columns and bounds of the key: what the planner prunes by. */
function orderMetrics(orderIds: readonly bigint[], columns: number): FileMetrics {
  const ids = Array.from({ length: columns }, (_, at) => at + 1)
  const ordered = orderIds.toSorted((a, b) => (a < b ? -1 : 1))
  const bound = (id: bigint | undefined) => (id === undefined ? new Map() : new Map([[1, int64(id)]]))
  return {
    columnSizes: new Map(),
    valueCounts: new Map(ids.map((id) => [id, orderIds.length])),
    nullValueCounts: new Map(ids.map((id) => [id, 0])),
    nanValueCounts: new Map(),
    lowerBounds: bound(ordered[0]),
    upperBounds: bound(ordered.at(-1)),
  }
}

function int64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value, true)
  return bytes
}

export function contentFile(
  content: 'data' | 'equality-deletes',
  file: {
    readonly filePath: string
    readonly region: string
    readonly bytes: Uint8Array
    readonly orderIds: readonly bigint[]
  },
): ContentFile {
  const metrics = orderMetrics(file.orderIds, content === 'data' ? COLUMNS.length : 1)
  return {
    content,
    filePath: file.filePath,
    fileFormat: 'parquet',
    specId: 0,
    partition: [file.region],
    recordCount: file.orderIds.length,
    fileSizeBytes: file.bytes.length,
    metrics: () => metrics,
    sortOrderId: 0,
    ...(content === 'equality-deletes' && { equalityIds: [1] }),
  }
}
