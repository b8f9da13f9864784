import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { parseRewritePlan } from '@moraine/maintenance/plan/rewrite-plan-json'
import { inspectTable } from '@moraine/maintenance/table/plan-table'
import { readTable } from '@moraine/maintenance/table/read-table'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { MoraineError } from '@moraine/stdx/error'
import { type RunReport, runPlan } from '../optimize/optimize-table.ts'
import { type OpenTable, openTable } from '../table/open-table.ts'
import { type OptimizeOutcome, optimizeJson, optimizeText } from '../text/optimize-text.ts'
import type { CommandContext } from './command-context.ts'
import { makePlan, type RawPlanOptions } from './plan.ts'
import { type RawTableOptions, tableOptions } from './table-options.ts'

export type RawRunOptions = { readonly threads?: string; readonly memory?: string; readonly json?: boolean }

const TASK_TIMEOUT_MS = 60 * 60 * 1000

export async function optimize(
  ref: string,
  raw: RawPlanOptions & RawRunOptions,
  context: CommandContext,
): Promise<void> {
  const { table, plan } = await makePlan(ref, raw, context)
  refuseReadOnly(table)
  await runAndReport(table, plan, raw, context)
}

/** Executes exactly the plan in the file, or refuses: the table must still be at the snapshot the plan was made from. */
export async function apply(
  file: string,
  raw: RawTableOptions & RawRunOptions & { readonly table?: string },
  context: CommandContext,
): Promise<void> {
  const plan = parseRewritePlan(await readFile(file, 'utf8').catch((cause: unknown) => cannotRead(file, cause)), file)
  const table = await openTable(
    raw.table ?? plan.tableLocation,
    tableOptions(raw, process.env),
    context,
    context.signal,
  )
  refuseReadOnly(table)
  const { metadata } = await table.store.loadTable(table.identifier, context.signal)
  if (metadata.tableUuid !== undefined && metadata.tableUuid !== plan.tableUuid) {
    throw new MoraineError(
      'conflict',
      `${file} is a plan for table ${plan.tableUuid}; ${table.name} is ${metadata.tableUuid}`,
    )
  }
  if (metadata.currentSnapshotId !== plan.baseSnapshotId) {
    throw new MoraineError(
      'conflict',
      `${table.name} moved: the plan was made at snapshot ${plan.baseSnapshotId}, the table is at ${metadata.currentSnapshotId ?? 'none'}; make a new plan`,
    )
  }
  await runAndReport(table, plan, raw, context)
}

function cannotRead(file: string, cause: unknown): never {
  throw new MoraineError('not-found', `the plan ${file} cannot be read`, { cause })
}

function refuseReadOnly(table: OpenTable): void {
  if (table.readOnly !== undefined)
    throw new MoraineError('unsupported', `${table.name} cannot be changed: ${table.readOnly}`)
}

async function runAndReport(
  table: OpenTable,
  plan: RewritePlan | undefined,
  raw: RawRunOptions,
  context: CommandContext,
): Promise<void> {
  const before = await figures(table, context)
  const startedAt = context.clock.monotonicMs()
  const run = plan === undefined || plan.groups.length === 0 ? undefined : await runInWorkDir(table, plan, raw, context)
  const after = run === undefined ? before : await figures(table, context)
  const outcome: OptimizeOutcome = {
    name: table.name,
    plan,
    run,
    before,
    after,
    elapsedMs: context.clock.monotonicMs() - startedAt,
  }
  if (raw.json === true) context.printJson(optimizeJson(outcome))
  else context.print(optimizeText(outcome))
  if (run !== undefined && run.failures.length > 0) {
    throw new MoraineError(
      'verification-failed',
      `${run.failures.length} of ${plan?.groups.length} groups were not committed, first: ${run.failures[0]?.reason}`,
    )
  }
  if (run?.commit.kind === 'unknown')
    throw new MoraineError(
      'unavailable',
      'the catalog did not say whether it committed; look at the table before you try again',
      { cause: run.commit.cause },
    )
}

async function figures(table: OpenTable, context: CommandContext) {
  const state = await readTable(table.io, await table.store.loadTable(table.identifier, context.signal), context.signal)
  return { snapshotId: state.snapshot?.snapshotId, ...inspectTable(state, { now: context.clock.now() }).report }
}

async function runInWorkDir(
  table: OpenTable,
  plan: RewritePlan,
  raw: RawRunOptions,
  context: CommandContext,
): Promise<RunReport> {
  const threads = positive('--threads', raw.threads, 2)
  const memoryMb = positive('--memory', raw.memory, 512)
  const workDir = await mkdtemp(join(tmpdir(), 'moraine-'))
  const pool = new DuckDbPool({ clock: context.clock, size: threads, memoryLimitBytes: memoryMb * 1024 * 1024 })
  try {
    return await runPlan(table, plan, {
      ...context,
      pool,
      workDir,
      threads,
      timeoutMs: TASK_TIMEOUT_MS,
      onGroup: ({ finished, total }) => {
        if (context.isTerminal)
          process.stderr.write(`\r${progressBar(finished, total)}${finished === total ? '\n' : ''}`)
      },
    })
  } finally {
    await pool.close()
    await rm(workDir, { recursive: true, force: true })
  }
}

function progressBar(finished: number, total: number): string {
  const width = 30
  const filled = Math.round((finished / total) * width)
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${finished} of ${total} groups`
}

function positive(option: string, text: string | undefined, fallback: number): number {
  const value = Number(text ?? fallback)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new MoraineError('invalid-input', `${option} ${text}: it must be a positive whole number`)
}
