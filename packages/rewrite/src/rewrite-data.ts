import type { NestedField } from '@moraine/iceberg/schema/type'
import { dataFileLocation } from '@moraine/maintenance/plan/output-names'
import type { OutputDataFile } from '@moraine/maintenance/plan/rewrite-result'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { isKind, MoraineError } from '@moraine/stdx/error'
import { loadDeletes, stageDeletes } from './deletes/load-deletes.ts'
import { namingFiles } from './duckdb/name-files.ts'
import { compareRows } from './evidence/compare-rows.ts'
import { checkPlaces } from './output/check-places.ts'
import { outputMetrics } from './output/output-metrics.ts'
import { type OutputPlace, outputPlaces } from './output/output-place.ts'
import { type PreparedOutput, prepareOutputs } from './output/prepared-output.ts'
import type { PublishedFiles } from './output/published-files.ts'
import { writeRows } from './output/write-rows.ts'
import { readPlan } from './read-plan/read-plan.ts'
import type { RewriteWork } from './rewrite-work.ts'
import { type Sorting, sortingOf } from './sort/order-by.ts'
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
      const work: RewriteWork = { task, context, directory, plan, inputs, deletes, sorting, session }
      return namingFiles(session, inputs, async () => {
        const { files, notes, moved } = await writeRows(work)
        const outputs = await prepareOutputs(files, plan, context.signal)
        const evidence = await compareRows(work, outputs)
        if (moved === undefined) return { outputs, evidence, notes }
        await checkPlaces(outputs, moved, work)
        return { outputs, evidence, notes, places: outputPlaces(outputs, moved, work) }
      })
    },
    context.signal,
  )
  const dataFiles = await publishOutputs(value.outputs, value.places, { task, sorting, context, published })
  return {
    method: { kind: 'rewrite', reason: [task.group.method.reason, ...value.notes].join('; ') },
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

type Publishing = {
  readonly task: RewriteTask
  readonly sorting: Sorting
  readonly context: TaskContext
  readonly published: PublishedFiles
}

async function publishOutputs(
  outputs: readonly PreparedOutput[],
  places: readonly OutputPlace[] | undefined,
  { task, sorting, context, published }: Publishing,
): Promise<readonly OutputDataFile[]> {
  const files: OutputDataFile[] = []
  context.onProgress({ phase: 'publishing', fraction: 0 })
  for (const [at, output] of outputs.entries()) {
    const place = places?.[at]
    const filePath = dataFileLocation(task.output, at, place?.subdirectory)
    await published.publish(output.path, filePath, context.signal)
    context.onProgress({ phase: 'publishing', fraction: (at + 1) / outputs.length })
    files.push({
      filePath,
      recordCount: output.footer.metadata.numRows,
      fileSizeBytes: output.sizeBytes,
      sortOrderId: sorting.kind === 'sorted' ? task.table.sortOrder.orderId : 0,
      ...(place !== undefined && { movedTo: place.movedTo }),
      ...outputMetrics(output.footer, 'duckdb'),
    })
  }
  return files
}
