import { partitionKey as partitionText } from '@moraine/iceberg/partition/partition-path'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import type { MovedRows } from '../partition/moved-rows.ts'
import { keyItems, readableKeyItems, readPartition } from '../partition/partition-key.ts'
import { groupByShape, type SourceColumn, type SourceFile, sourceSql } from '../read-plan/row-source.ts'
import type { RewriteWork } from '../rewrite-work.ts'
import { INTERNAL_PREFIX } from '../sql/column-names.ts'
import { sqlName } from '../sql/sql-text.ts'
import { outputColumns, type PreparedOutput } from './prepared-output.ts'

const FILE = `${INTERNAL_PREFIX}file`

/**
 * Reads the outputs once more and compares the partition of every row with that of its file.
 *
 * @throws {MoraineError} `verification-failed` naming the file: readers that prune would never see its rows
 */
export async function checkPlaces(
  outputs: readonly PreparedOutput[],
  { spec, key, partitions }: MovedRows,
  { plan, session }: RewriteWork,
): Promise<void> {
  if (key.columns.length === 0 || outputs.length === 0) return
  const partitionOf = new Map(outputs.map(({ file, partition }) => [file as SourceFile, partitions[partition]]))
  const shapes = groupByShape([...partitionOf.keys()])
  const fileColumn: SourceColumn = { name: FILE, sql: ({ firstOrdinal }) => `file_index::BIGINT + ${firstOrdinal}` }
  const keyed = `SELECT ${sqlName(FILE)}, ${keyItems(key)} FROM (\n${sourceSql(shapes, [...outputColumns(plan), fileColumn])}\n)`
  const rows = await session.query(
    `SELECT ${sqlName(FILE)}, ${readableKeyItems(key)} FROM (SELECT DISTINCT * FROM (${keyed}))`,
  )
  const inOrder = shapes.flatMap((shape) => shape.files)
  for (const row of rows) {
    const file = must(inOrder[Number(row[FILE])], 'a file of the outputs')
    const partition = must(partitionOf.get(file), 'a partition of the output')
    if (partitionText(spec.specId, readPartition(key, row)) === partitionText(spec.specId, partition)) continue
    throw new MoraineError('verification-failed', `${file.filePath} holds rows of another partition than its own`)
  }
}
