import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { parseNameMapping } from '@moraine/iceberg/schema/name-mapping'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { IcebergType, NestedField } from '@moraine/iceberg/schema/type'
import type { RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import type { RowStruct, RowValue } from '@moraine/testkit/canonical-row'
import { duckDbRowValue } from '@moraine/testkit/duckdb-row-value'
import { primitiveFields } from '../read-plan/project-column.ts'
import { groupByShape, sourceSql, tableColumn } from '../read-plan/row-source.ts'
import { addressableNames } from '../sql/column-names.ts'
import { prepareFile } from '../staging/prepared-file.ts'
import { stageFile } from '../staging/stage-file.ts'
import type { RewriteLab } from './rewrite-lab.ts'

let reads = 0

/** The rows of a result's data files in the table's schema, read by field id in a DuckDB of the test's own. */
export async function outputValues(
  lab: RewriteLab,
  result: RewriteResult,
  fields: readonly NestedField[],
  table: { readonly schema: Schema; readonly nameMapping?: string; readonly constants: ReadonlyMap<number, string> },
): Promise<readonly RowStruct[]> {
  const options = {
    mapping: table.nameMapping === undefined ? undefined : parseNameMapping(table.nameMapping, 'test'),
    wanted: primitiveFields(table.schema.fields),
  }
  const files = []
  for (const file of result.dataFiles) {
    reads += 1
    const source = { location: file.filePath, sizeBytes: file.fileSizeBytes }
    const staged = await stageFile(lab.context.io, source, join(lab.root, `read-${reads}.parquet`), lab.context.signal)
    const facts = { recordCount: file.recordCount, dataSequenceNumber: 0 }
    files.push(await prepareFile(staged, facts, options, lab.context.signal))
  }
  if (files.length === 0) return []
  const names = addressableNames(fields, 'top')
  const columns = fields.map((field, at) => tableColumn(field, names[at] ?? '', table.constants))
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  await connection.run("SET TimeZone='UTC'")
  const reader = await connection.runAndReadAll(sourceSql(groupByShape(files), columns))
  const rows = reader.getRows().map((row) => {
    const values = row.map((value, at) => withOwnNames(duckDbRowValue(value), fields[at]?.type))
    return Object.fromEntries(values.map((value, at) => [fields[at]?.name ?? '', value]))
  })
  connection.disconnectSync()
  instance.closeSync()
  return rows
}

// SQL may have needed other names for the fields of a struct.
function withOwnNames(value: RowValue, type: IcebergType | undefined): RowValue {
  if (value === null || type === undefined || typeof value !== 'object') return value
  if (type.kind === 'list') return (value as readonly RowValue[]).map((item) => withOwnNames(item, type.element))
  if (type.kind === 'map') {
    return (value as readonly (readonly [RowValue, RowValue])[]).map(([key, item]) => [
      key,
      withOwnNames(item, type.value),
    ])
  }
  if (type.kind !== 'struct') return value
  const names = addressableNames(type.fields, 'nested')
  return Object.fromEntries(
    type.fields.map((field, at) => [
      field.name,
      withOwnNames((value as RowStruct)[names[at] ?? ''] ?? null, field.type),
    ]),
  )
}
