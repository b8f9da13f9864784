import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EMPTY_METRICS } from '@moraine/iceberg/manifest/content-file'
import { decodeDeletionVector, encodeDeletionVector } from '@moraine/iceberg/puffin/deletion-vector'
import { deletionVectorBlob, writePuffin } from '@moraine/iceberg/puffin/puffin-writer'
import { deleteFileLocation, vectorFileLocation } from '@moraine/maintenance/plan/output-names'
import type { OutputDeleteFile } from '@moraine/maintenance/plan/rewrite-result'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { must } from '@moraine/stdx/assert'
import { MoraineError } from '@moraine/stdx/error'
import { localError } from '@moraine/storage/local-error'
import { CREATED_BY } from './created-by.ts'
import { ROW_KEY } from './deletes/delete-tables.ts'
import { deletedRowsSql, type LoadedDeletes, liveRowsSql } from './deletes/live-rows.ts'
import { loadDeletes, stageDeletes } from './deletes/load-deletes.ts'
import { encodePositionDeletes, positionDeleteMetrics } from './deletes/position-delete-file.ts'
import type { DuckDbSession } from './duckdb/duckdb-pool.ts'
import { namingFiles } from './duckdb/name-files.ts'
import type { PublishedFiles } from './output/published-files.ts'
import { readPlan } from './read-plan/read-plan.ts'
import { groupByShape, KEY_FACTOR, ordinalsOf, rowKeyColumn, type SourceFile } from './read-plan/row-source.ts'
import { sqlName, sqlText } from './sql/sql-text.ts'
import { stageInputs } from './staging/stage-inputs.ts'
import type { TaskContext } from './task-context.ts'
import type { TaskOutcome } from './task-outcome.ts'

/**
 * Finds the rows that all deletes together hit, reading only the columns by which rows are deleted, and writes their
 * positions: one delete file per data file in format v2, one deletion vector per data file, all in one Puffin file, in
 * v3. A data file of which nothing is deleted gets none.
 *
 * The proof: the rows that survive are counted by another join, and what was written is read back position by position.
 */
export async function convertDeletes(
  task: RewriteTask,
  context: TaskContext,
  directory: string,
  published: PublishedFiles,
): Promise<TaskOutcome> {
  const plan = readPlan(task)
  const inputs = await stageInputs(task.group.inputs, plan, context, directory)
  const staged = await stageDeletes(task.group, plan, context, directory)
  const { value: files, cost } = await context.pool.withSession(
    directory,
    async (session) => {
      const deletes = await loadDeletes(session, task.group, inputs, staged, plan)
      const found = await namingFiles(session, inputs, () => findDeletedRows(session, inputs, deletes, context))
      if (task.table.formatVersion < 3) await writeDeleteFiles(session, found, task, directory)
      return found
    },
    context.signal,
  )
  const hit = files.filter((file) => file.positions.length > 0)
  const deleteFiles = await (task.table.formatVersion < 3
    ? publishDeleteFiles(hit, task, context, directory, published)
    : publishVectors(hit, task, context, published))
  return {
    method: { kind: 'convert-deletes', reason: task.group.method.reason },
    dataFiles: [],
    deleteFiles,
    evidence: {
      kind: 'deleted-positions',
      files: files.map(({ dataFile, recordCount, deletedRows, positions }) => ({
        dataFile,
        recordCount,
        deletedRows,
        writtenPositions: positions.length,
      })),
    },
    child: cost,
  }
}

type DeletedRows = {
  readonly dataFile: string
  readonly ordinal: number
  readonly recordCount: number
  /** Counted by another way than {@link positions} were found. */
  readonly deletedRows: number
  /** Ascending. */
  readonly positions: BigInt64Array
}

async function findDeletedRows(
  session: DuckDbSession,
  inputs: readonly (SourceFile & { readonly rows: number })[],
  deletes: LoadedDeletes,
  context: TaskContext,
): Promise<readonly DeletedRows[]> {
  const shapes = groupByShape(inputs)
  const key = [rowKeyColumn(ROW_KEY)]
  context.onProgress({ phase: 'writing', fraction: 0 })
  const deleted = await session.readKeys(
    `SELECT ${sqlName(ROW_KEY)} FROM (\n${deletedRowsSql(shapes, key, deletes)}\n) ORDER BY 1`,
  )
  context.onProgress({ phase: 'verifying', fraction: 0 })
  const liveRows = await session.query(
    `SELECT ${sqlName(ROW_KEY)} // ${KEY_FACTOR} AS ordinal, count(*) AS live FROM (\n${liveRowsSql(shapes, key, deletes)}\n) GROUP BY 1`,
  )
  const live = new Map(liveRows.map((row) => [Number(row['ordinal']), Number(row['live'])]))
  const ordinals = ordinalsOf(shapes)
  return inputs.map((input) => {
    const ordinal = must(ordinals.get(input), 'an ordinal')
    const positions = positionsOf(deleted, ordinal)
    const deletedRows = input.rows - (live.get(ordinal) ?? 0)
    if (deletedRows !== positions.length) {
      throw new MoraineError(
        'verification-failed',
        `${input.filePath}: ${positions.length} rows were found deleted, but ${deletedRows} of ${input.rows} do not survive`,
      )
    }
    return { dataFile: input.filePath, ordinal, recordCount: input.rows, deletedRows, positions }
  })
}

// The keys of one file are neighbours.
function positionsOf(keys: BigInt64Array, ordinal: number): BigInt64Array {
  const first = BigInt(ordinal) * BigInt(KEY_FACTOR)
  const start = firstNotBelow(keys, first)
  const end = firstNotBelow(keys, first + BigInt(KEY_FACTOR))
  return keys.slice(start, end).map((key) => key - first)
}

function firstNotBelow(keys: BigInt64Array, limit: bigint): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] ?? limit) < limit) low = middle + 1
    else high = middle
  }
  return low
}

function localPath(directory: string, file: DeletedRows): string {
  return join(directory, `positions-${file.ordinal}.parquet`)
}

// Written beside the data and read back by DuckDB, which had no part in writing them.
async function writeDeleteFiles(
  session: DuckDbSession,
  files: readonly DeletedRows[],
  task: RewriteTask,
  directory: string,
): Promise<void> {
  for (const file of files) {
    if (file.positions.length === 0) continue
    const path = localPath(directory, file)
    await writeFile(path, encodePositionDeletes(file.dataFile, file.positions, task.output.compression)).catch(
      (cause: unknown) => {
        throw localError(cause, `writing ${path}`)
      },
    )
    const written = await session.readKeys(
      `SELECT pos FROM read_parquet(${sqlText(path)}, hive_partitioning=false) WHERE file_path = ${sqlText(file.dataFile)}`,
    )
    checkWritten(file, written)
  }
}

function checkWritten(file: DeletedRows, written: ArrayLike<bigint>): void {
  const differs =
    written.length !== file.positions.length || file.positions.some((position, at) => position !== written[at])
  if (differs) {
    throw new MoraineError(
      'verification-failed',
      `the deletes written for ${file.dataFile} hold ${written.length} positions and not the ${file.positions.length} that were found`,
    )
  }
}

async function publishDeleteFiles(
  files: readonly DeletedRows[],
  task: RewriteTask,
  context: TaskContext,
  directory: string,
  published: PublishedFiles,
): Promise<readonly OutputDeleteFile[]> {
  const deleteFiles: OutputDeleteFile[] = []
  for (const [at, file] of files.entries()) {
    const filePath = deleteFileLocation(task.output, at, file.dataFile, task.baseSequenceNumber)
    const fileSizeBytes = await published.publish(localPath(directory, file), filePath, context.signal)
    context.onProgress({ phase: 'publishing', fraction: (at + 1) / files.length })
    deleteFiles.push({
      filePath,
      fileFormat: 'parquet',
      recordCount: file.positions.length,
      fileSizeBytes,
      referencedDataFile: file.dataFile,
      metrics: positionDeleteMetrics(file.dataFile, file.positions),
    })
  }
  return deleteFiles
}

async function publishVectors(
  files: readonly DeletedRows[],
  task: RewriteTask,
  context: TaskContext,
  published: PublishedFiles,
): Promise<readonly OutputDeleteFile[]> {
  if (files.length === 0) return []
  const blobs = files.map((file) => {
    const vector = encodeDeletionVector(Float64Array.from(file.positions, Number))
    return deletionVectorBlob(vector, { referencedDataFile: file.dataFile, cardinality: file.positions.length })
  })
  const puffin = writePuffin(blobs, { 'created-by': CREATED_BY })
  const filePath = vectorFileLocation(task.output, task.baseSequenceNumber)
  await published.publishBytes(puffin.bytes, filePath, context.signal)
  context.onProgress({ phase: 'publishing', fraction: 1 })
  const stored = await context.io.read(filePath, context.signal)
  return files.map((file, at) => {
    const { offset, length } = must(puffin.blobs[at], 'a blob')
    const vector = decodeDeletionVector(stored.subarray(offset, offset + length), `${filePath} at ${offset}`)
    checkWritten(file, BigInt64Array.from(vector, BigInt))
    return {
      filePath,
      fileFormat: 'puffin',
      recordCount: file.positions.length,
      fileSizeBytes: puffin.bytes.length,
      referencedDataFile: file.dataFile,
      contentOffset: offset,
      contentSizeBytes: length,
      metrics: EMPTY_METRICS,
    }
  })
}
