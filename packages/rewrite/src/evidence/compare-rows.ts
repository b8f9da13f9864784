import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { MoraineError } from '@moraine/stdx/error'
import { liveRowsSql, markedRowsSql, NO_DELETES } from '../deletes/live-rows.ts'
import type { DuckDbSession } from '../duckdb/duckdb-pool.ts'
import { outputColumns, type PreparedOutput } from '../output/prepared-output.ts'
import type { ReadPlan } from '../read-plan/read-plan.ts'
import { groupByShape } from '../read-plan/row-source.ts'
import type { RewriteWork } from '../rewrite-work.ts'
import { INTERNAL_PREFIX } from '../sql/column-names.ts'
import { sqlName } from '../sql/sql-text.ts'
import { columnFault, columnFigures } from '../staging/column-figures.ts'
import type { TaskOutcome } from '../task-outcome.ts'
import { type RowHash, readRowHash, rowHashAggregates } from './row-hash.ts'

/**
 * Reads the rows of inputs and outputs once more and compares them by their hashes.
 *
 * @throws {MoraineError} `verification-failed` with both figures; `corrupt` if the inputs contradict their own footers
 */
export async function compareRows(
  work: RewriteWork,
  outputs: readonly PreparedOutput[],
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
  const written = await hashOutputs(outputs, plan, session, report(0.5))
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

async function hashOutputs(
  outputs: readonly PreparedOutput[],
  plan: ReadPlan,
  session: DuckDbSession,
  onProgress: (fraction: number) => void,
): Promise<RowHash> {
  if (outputs.length === 0) return readRowHash({ row_count: 0 })
  const files = outputs.map((output) => output.file)
  const source = liveRowsSql(groupByShape(files), outputColumns(plan), NO_DELETES)
  const [row] = await session.query(
    `SELECT ${rowHashAggregates(plan.fields, plan.names)} FROM (\n${source}\n)`,
    onProgress,
  )
  return readRowHash(row ?? {})
}

function sumOf<T>(items: readonly T[], figure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + figure(item), 0)
}
