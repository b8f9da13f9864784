import { parquetWriteBuffer } from 'hyparquet-writer'

type WriteOptions = Parameters<typeof parquetWriteBuffer>[0]
type Column = NonNullable<WriteOptions['schema']>[number]

/** A Parquet file of required columns. */
export function parquetBytes(columns: readonly (readonly [column: Column, data: readonly unknown[]])[]): Uint8Array {
  const schema = [{ name: 'table', num_children: columns.length }, ...columns.map(([column]) => column)]
  const columnData = columns.map(([{ name }, data]) => ({ name, data: [...data] })) as WriteOptions['columnData']
  return new Uint8Array(parquetWriteBuffer({ schema, columnData }))
}

export function longColumn(name: string, fieldId: number): Column {
  return { name, type: 'INT64', repetition_type: 'REQUIRED', field_id: fieldId }
}

export function textColumn(name: string, fieldId: number): Column {
  return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED', field_id: fieldId }
}

/** Of the first rows of a file. Field ids: table spec, "Position Delete Files". */
export function deletesOfFirstRows(filePath: string, rows: number): Uint8Array {
  return parquetBytes([
    [textColumn('file_path', 2147483546), Array.from({ length: rows }, () => filePath)],
    [longColumn('pos', 2147483545), Array.from({ length: rows }, (_, at) => BigInt(at))],
  ])
}
