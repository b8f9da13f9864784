import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { MoraineError } from '@moraine/stdx/error'
import { liveRowsSql } from '../deletes/live-rows.ts'
import type { DuckDbSession } from '../duckdb/duckdb-pool.ts'
import { type MovedRows, moveRows, PARTITION_ORDINAL, type UnmovedRows } from '../partition/moved-rows.ts'
import type { ReadPlan } from '../read-plan/read-plan.ts'
import { groupByShape } from '../read-plan/row-source.ts'
import type { RewriteWork } from '../rewrite-work.ts'
import { sqlName } from '../sql/sql-text.ts'
import { sqlType } from '../sql/sql-type.ts'
import type { TaskContext } from '../task-context.ts'
import { copyStatement } from './copy-statement.ts'
import { fixedLengths } from './fixed-columns.ts'
import { outputFiles, outputLayout } from './output-size.ts'
import { holdSignedZeros } from './signed-zeros.ts'

export type WrittenRows = {
  /** In order. */
  readonly files: readonly WrittenFile[]
  /** What was done otherwise than asked for, and why. */
  readonly notes: readonly string[]
  /** Absent if the rows stay in the partition of their group. */
  readonly moved?: MovedRows
}

export type WrittenFile = {
  readonly path: string
  /** The position of its partition in {@link MovedRows.partitions}. */
  readonly partition: number
}

/** Writes the rows that live to files in the task directory, those of one partition to files of their own. */
export async function writeRows(work: RewriteWork): Promise<WrittenRows> {
  const { task, context, directory, plan, inputs, deletes, session } = work
  const shapes = groupByShape(inputs)
  const live = liveRowsSql(shapes, plan.columns, deletes)
  await checkTypes(session, live, plan)
  const hasDictionaries = !(await holdSignedZeros(
    session,
    shapes,
    plan,
    inputs.map((input) => input.figures),
  ))
  const inputBytes = sumOf(task.group.inputs, (input) => input.fileSizeBytes)
  const layout = outputLayout({
    rows: sumOf(inputs, (input) => input.rows),
    uncompressedBytes: sumOf(inputs, (input) => input.uncompressedBytes),
    files: outputFiles(inputBytes, task.group.targetSizeBytes),
    wantedBytes: task.output.rowGroupSizeBytes,
    memoryLimitBytes: context.pool.memoryLimitBytes,
  })
  const outputDirectory = join(directory, 'output')
  await mkdir(outputDirectory)
  const moved = await movedRows(work, live)
  const isSplit = moved !== undefined && 'source' in moved && moved.partitions.length > 1
  const sql = copyStatement({
    source: orderedSql(work, moved, live),
    fields: plan.fields,
    names: plan.names,
    target: isSplit || layout.rowGroupsPerFile !== undefined ? outputDirectory : join(outputDirectory, '0.parquet'),
    compression: compressionOf(task, plan),
    layout,
    hasDictionaries,
    ...(isSplit && { partitionBy: PARTITION_ORDINAL }),
  })
  context.onProgress({ phase: 'writing', fraction: 0 })
  await session.query(sql, (fraction) => {
    void reportWriting(outputDirectory, inputBytes, fraction, context)
  })
  const files = await writtenFiles(outputDirectory)
  const notes = [
    ...(work.sorting.kind === 'impossible' ? [work.sorting.reason] : []),
    ...(hasDictionaries ? [] : ['written without dictionaries, which would lose the signs of zeros']),
    ...(moved !== undefined && 'reason' in moved ? [moved.reason] : []),
  ]
  return { files, notes, ...(moved !== undefined && 'source' in moved && { moved }) }
}

async function movedRows({ task, plan, session }: RewriteWork, live: string) {
  const { outputSpecId } = task.group
  return outputSpecId === undefined ? undefined : moveRows(task, outputSpecId, plan, live, session)
}

// Rows of many partitions are sorted by them: DuckDB has only so many files open, and would begin new ones again and again.
const OPEN_PARTITIONS = 32

function orderedSql({ sorting }: RewriteWork, moved: MovedRows | UnmovedRows | undefined, live: string): string {
  const isMoved = moved !== undefined && 'source' in moved
  const source = isMoved ? moved.source : live
  const terms = [
    ...(isMoved && moved.partitions.length > OPEN_PARTITIONS ? [sqlName(PARTITION_ORDINAL)] : []),
    ...(sorting.kind === 'sorted' ? [sorting.orderBy] : []),
  ]
  return terms.length === 0 ? source : `SELECT * FROM (${source}) ORDER BY ${terms.join(', ')}`
}

/** The files in order: by partition, of which each has a directory if there are several, then by number. */
async function writtenFiles(directory: string): Promise<readonly WrittenFile[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const ordinal = /=(\d+)$/.exec(entry.parentPath)?.[1]
      return {
        path: join(entry.parentPath, entry.name),
        partition: Number(ordinal ?? 0),
        number: Number.parseInt(entry.name, 10),
      }
    })
    .toSorted((a, b) => a.partition - b.partition || a.number - b.number)
}

// DuckDB counts what it has read of what it has yet to write, too; the size of the output tells more, except in a sort.
async function reportWriting(
  directory: string,
  expectedBytes: number,
  fraction: number,
  context: TaskContext,
): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  const written = sumOf(sizes, (size) => size) / expectedBytes
  context.onProgress({ phase: 'writing', fraction: Math.min(1, Math.max(fraction, written)) })
}

// Pages of `fixed` columns are made here, and Node has no LZ4.
function compressionOf({ output }: RewriteTask, plan: ReadPlan): string {
  return fixedLengths(plan.fields).size > 0 && /^lz4/i.test(output.compression) ? 'zstd' : output.compression
}

// DuckDB must see every column as the type that the table has; otherwise it would write another one.
async function checkTypes(session: DuckDbSession, live: string, plan: ReadPlan): Promise<void> {
  const wanted = plan.fields.map(
    (field, at) => `CAST(NULL AS ${sqlType(field.type)}) AS ${sqlName(plan.names[at] ?? '')}`,
  )
  const [expected, found] = [
    await session.query(`DESCRIBE SELECT ${wanted.join(', ')}`),
    await session.query(`DESCRIBE ${live}`),
  ]
  for (const [at, column] of expected.entries()) {
    const type = found[at]?.['column_type']
    if (type === column['column_type'] && found[at]?.['column_name'] === column['column_name']) continue
    throw new MoraineError(
      'internal',
      `column ${plan.fields[at]?.name} would be written as ${String(type)} instead of ${String(column['column_type'])}`,
    )
  }
}

function sumOf<T>(items: readonly T[], figure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0)
}
