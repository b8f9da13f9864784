import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { NestedField } from '@moraine/iceberg/schema/type'
import type { OutputDataFile } from '@moraine/maintenance/plan/rewrite-result'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { type LoadedDeletes, liveRowsSql, markedRowsSql, NO_DELETES } from './deletes/live-rows.ts'
import { loadDeletes, stageDeletes } from './deletes/load-deletes.ts'
import type { DuckDbSession } from './duckdb/duckdb-pool.ts'
import { namingFiles } from './duckdb/name-files.ts'
import { columnFault, columnFigures } from './evidence/column-figures.ts'
import { type RowHash, readRowHash, rowHashAggregates } from './evidence/row-hash.ts'
import { copyStatement } from './output/copy-statement.ts'
import { type FinishedOutput, finishOutput } from './output/finish-output.ts'
import { fixedLengths, writeFixedColumns } from './output/fixed-columns.ts'
import { outputMetrics } from './output/output-metrics.ts'
import { outputFiles, outputLayout } from './output/output-size.ts'
import type { PublishedFiles } from './output/published-files.ts'
import { holdSignedZeros } from './output/signed-zeros.ts'
import { type ReadPlan, readPlan } from './read-plan/read-plan.ts'
import { groupByShape, tableColumn } from './read-plan/row-source.ts'
import { type PreparedFile, prepareFile } from './read-plan/source-file.ts'
import { type Sorting, sortingOf } from './sort/order-by.ts'
import { INTERNAL_PREFIX } from './sql/column-names.ts'
import { sqlName } from './sql/sql-text.ts'
import { sqlType } from './sql/sql-type.ts'
import { stageInputs } from './staging/stage-inputs.ts'
import type { TaskContext } from './task-context.ts'
import type { TaskOutcome } from './task-outcome.ts'

/**
 * Decodes the inputs, applies their deletes, and writes what lives in the table's current schema and sort order. The
 * rows of inputs and outputs are then read once more and compared by their hashes, before anything is published.
 *
 * @throws {MoraineError} `verification-failed` with both figures if the outputs do not hold the inputs' live rows
 */
export async function rewriteData(
  task: RewriteTask,
  context: TaskContext,
  directory: string,
  published: PublishedFiles,
): Promise<TaskOutcome> {
  const plan = readPlan(task)
  for (const field of plan.fields) checkCarried(field)
  const sorting = sortingOf(task.table.sortOrder, task.table.schema, plan.fields, plan.names)
  const inputs = await stageInputs(task.group.inputs, plan, context, directory)
  const staged = await stageDeletes(task.group, plan, context, directory)
  const { value, cost } = await context.pool.withSession(
    directory,
    async (session) => {
      const deletes = await loadDeletes(session, task.group, inputs, staged, plan)
      const work: Work = { task, context, directory, plan, inputs, deletes, sorting, session }
      return namingFiles(session, inputs, async () => {
        const written = await writeRows(work)
        const outputs = await finishOutputs(written.paths, plan)
        const evidence = await compareRows(work, outputs)
        return { outputs, evidence, hasDictionaries: written.hasDictionaries }
      })
    },
    context.signal,
  )
  const dataFiles = await publishOutputs(value.outputs, task, sorting, context, published)
  const notes = [
    ...(sorting.kind === 'impossible' ? [sorting.reason] : []),
    ...(value.hasDictionaries ? [] : ['written without dictionaries, which would lose the signs of zeros']),
  ]
  return {
    method: { kind: 'rewrite', reason: [task.group.method.reason, ...notes].join('; ') },
    dataFiles,
    deleteFiles: [],
    evidence: value.evidence,
    child: cost,
  }
}

function checkCarried(field: NestedField): void {
  try {
    sqlType(field.type)
  } catch (error) {
    throw isKind(error, 'unsupported')
      ? new MoraineError('unsupported', `column ${field.name}: ${error.message}`)
      : error
  }
}

type Work = {
  readonly task: RewriteTask
  readonly context: TaskContext
  readonly directory: string
  readonly plan: ReadPlan
  readonly inputs: readonly PreparedFile[]
  readonly deletes: LoadedDeletes
  readonly sorting: Sorting
  readonly session: DuckDbSession
}

type WrittenRows = {
  /** In order. */
  readonly paths: readonly string[]
  readonly hasDictionaries: boolean
}

async function writeRows(work: Work): Promise<WrittenRows> {
  const { task, context, directory, plan, inputs, deletes, sorting, session } = work
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
  const sql = copyStatement({
    source: sorting.kind === 'sorted' ? `SELECT * FROM (${live}) ORDER BY ${sorting.orderBy}` : live,
    fields: plan.fields,
    names: plan.names,
    target: layout.rowGroupsPerFile === undefined ? join(outputDirectory, '0.parquet') : outputDirectory,
    compression: compressionOf(task, plan),
    layout,
    hasDictionaries,
  })
  context.onProgress({ phase: 'writing', fraction: 0 })
  await session.query(sql, (fraction) => {
    void reportWriting(outputDirectory, inputBytes, fraction, context)
  })
  const names = await readdir(outputDirectory)
  const paths = names
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((name) => join(outputDirectory, name))
  return { paths, hasDictionaries }
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

async function finishOutputs(paths: readonly string[], plan: ReadPlan): Promise<readonly FinishedOutput[]> {
  const lengths = fixedLengths(plan.fields)
  const outputs: FinishedOutput[] = []
  for (const path of paths) {
    const exact = lengths.size === 0 ? path : `${path}.fixed`
    if (exact !== path) await writeFixedColumns(path, exact, lengths)
    outputs.push(await finishOutput(exact, plan.fields))
  }
  // DuckDB writes a file also for no rows.
  return outputs.filter((output) => output.footer.metadata.numRows > 0)
}

async function compareRows(
  work: Work,
  outputs: readonly FinishedOutput[],
): Promise<TaskOutcome['evidence'] & { kind: 'row-hash' }> {
  const { task, context, inputs, plan, deletes, session } = work
  const isLive = `${INTERNAL_PREFIX}live`
  const marked = markedRowsSql(groupByShape(inputs), plan.columns, deletes, isLive)
  const aggregates = rowHashAggregates(plan.fields, plan.names, sqlName(isLive))
  const report = (from: number) => (fraction: number) =>
    context.onProgress({ phase: 'verifying', fraction: from + fraction / 2 })
  context.onProgress({ phase: 'verifying', fraction: 0 })
  const [row] = await session.query(`SELECT ${aggregates}, count(*) AS all_rows FROM (\n${marked}\n)`, report(0))
  const kept = readRowHash(row ?? {})
  const inputRows = Number(row?.['all_rows'] ?? 0)
  const written = await hashOutputs(outputs, plan, session, report(0.5), context.signal)
  const planned = sumOf(task.group.inputs, (input) => input.recordCount)
  if (inputRows !== planned || kept.rows !== written.rows || kept.hash !== written.hash) {
    throw new MoraineError(
      'verification-failed',
      `group ${task.group.groupId}: the inputs hold ${inputRows} of ${planned} rows, ${kept.rows} of them live with hash ${kept.hash}; the outputs hold ${written.rows} rows with hash ${written.hash}`,
    )
  }
  const fault = columnFault(
    task.table.schema.fields,
    inputs.map((input) => input.figures),
    outputs.map((output) => columnFigures(output.footer)),
    inputRows - kept.rows,
  )
  if (fault !== undefined) throw damagedInput(fault, task)
  return {
    kind: 'row-hash',
    inputRows,
    deletedRows: inputRows - kept.rows,
    outputRows: written.rows,
    inputHash: kept.hash,
    outputHash: written.hash,
  }
}

function damagedInput(fault: string, { group }: RewriteTask): MoraineError {
  const [first] = group.inputs
  const which =
    group.inputs.length === 1 ? `${first?.filePath}` : `${first?.filePath} or one of ${group.inputs.length - 1} others`
  return new MoraineError(
    'corrupt',
    `${which} is damaged: ${fault}, as their footers have it. Compare the files with a backup, and restore or remove the damaged one`,
  )
}

// Reads the finished files as any reader would: by the field ids of their own footers.
async function hashOutputs(
  outputs: readonly FinishedOutput[],
  plan: ReadPlan,
  session: DuckDbSession,
  onProgress: (fraction: number) => void,
  signal: AbortSignal,
): Promise<RowHash> {
  if (outputs.length === 0) return readRowHash({ row_count: 0 })
  const files: PreparedFile[] = []
  for (const { path, footer } of outputs) {
    const staged = { location: path, path, isShared: true }
    files.push(await prepareFile(staged, { recordCount: footer.metadata.numRows, dataSequenceNumber: 0 }, plan, signal))
  }
  const columns = plan.fields.map((field, at) => tableColumn(field, plan.names[at] ?? '', new Map()))
  const source = liveRowsSql(groupByShape(files), columns, NO_DELETES)
  const [row] = await session.query(
    `SELECT ${rowHashAggregates(plan.fields, plan.names)} FROM (\n${source}\n)`,
    onProgress,
  )
  return readRowHash(row ?? {})
}

async function publishOutputs(
  outputs: readonly FinishedOutput[],
  task: RewriteTask,
  sorting: Sorting,
  context: TaskContext,
  published: PublishedFiles,
): Promise<readonly OutputDataFile[]> {
  const files: OutputDataFile[] = []
  context.onProgress({ phase: 'publishing', fraction: 0 })
  for (const [at, output] of outputs.entries()) {
    const filePath = `${task.output.directory}${task.output.filePrefix}-${at}.parquet`
    await published.publish(output.path, filePath, context.signal)
    context.onProgress({ phase: 'publishing', fraction: (at + 1) / outputs.length })
    files.push({
      filePath,
      recordCount: output.footer.metadata.numRows,
      fileSizeBytes: output.sizeBytes,
      sortOrderId: sorting.kind === 'sorted' ? task.table.sortOrder.orderId : 0,
      ...outputMetrics(output.footer, 'duckdb'),
    })
  }
  return files
}

function sumOf<T>(items: readonly T[], figure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0)
}
