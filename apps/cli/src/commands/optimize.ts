import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import { parseRewritePlan } from '@moraine/maintenance/plan/rewrite-plan-json'
import { inspectTable } from '@moraine/maintenance/table/plan-table'
import { type IndexedTable, readTable, readTableFrom } from '@moraine/maintenance/table/read-table'
import { makeWorkDirectory } from '@moraine/optimizer/work-directory'
import { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { MoraineError } from '@moraine/stdx/error'
import { counted } from '@moraine/stdx/human-text'
import { localError } from '@moraine/storage/local-error'
import { type RunReport, runPlan } from '../optimize/optimize-table.ts'
import { type OpenTable, openTable } from '../table/open-table.ts'
import { type OptimizeOutcome, optimizeJson, optimizeText, type PlanRun } from '../text/optimize-text.ts'
import type { RawTableOptions } from './catalog-options.ts'
import type { CommandContext } from './command-context.ts'
import { MEGABYTES, numberOption, THREADS } from './number-option.ts'
import { makePlan, planState, type RawPlanOptions } from './plan.ts'
import { tableOptions } from './table-options.ts'

export type RawRunOptions = {
  readonly threads: string
  readonly memory: string
  readonly json?: boolean
  readonly skipUnreadable?: boolean
}

const TASK_TIMEOUT_MS = 60 * 60 * 1000

export async function optimize(
  ref: string,
  raw: RawPlanOptions & RawRunOptions,
  context: CommandContext,
): Promise<void> {
  // Refused before anything is opened.
  const options = runOptions(raw)
  const { table, state, plan } = await makePlan(ref, raw, context)
  refuseReadOnly(table)
  const unreadable = new Map<string, string>()
  const planAgain = async (done: PlanRun) =>
    isWorthAnother(done, unreadable, options.skipsUnreadable)
      ? planState(table, await readTableAgain(table, state, context), raw, context, unreadable)
      : undefined
  await runAndReport(table, plan, options, context, planAgain)
}

/** Executes exactly the plan in the file, or refuses: the table must still be at the snapshot the plan was made from. */
export async function apply(
  file: string,
  raw: RawTableOptions & RawRunOptions & { readonly table?: string },
  context: CommandContext,
): Promise<void> {
  const options = runOptions(raw)
  const plan = parseRewritePlan(await readPlan(file), file)
  const table = await openTable(
    raw.table ?? plan.tableLocation,
    await tableOptions(raw, context.sources),
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
  await runAndReport(table, plan, options, context)
}

async function readPlan(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw localError(cause, `reading the plan ${file}`)
  }
}

type RunOptions = {
  readonly threads: number
  readonly memoryMb: number
  readonly json: boolean
  readonly skipsUnreadable: boolean
}

function runOptions(raw: RawRunOptions): RunOptions {
  return {
    threads: numberOption('--threads', raw.threads, THREADS),
    memoryMb: numberOption('--memory', raw.memory, MEGABYTES),
    json: raw.json === true,
    skipsUnreadable: raw.skipUnreadable === true,
  }
}

function refuseReadOnly(table: OpenTable): void {
  if (table.readOnly !== undefined)
    throw new MoraineError('unsupported', `${table.name} cannot be changed: ${table.readOnly}`)
}

async function runAndReport(
  table: OpenTable,
  plan: RewritePlan | undefined,
  options: RunOptions,
  context: CommandContext,
  planAgain: (done: PlanRun) => Promise<RewritePlan | undefined> = async () => undefined,
): Promise<void> {
  const before = await figures(table, context)
  const startedAt = context.clock.monotonicMs()
  const runs: PlanRun[] = []
  for (let next = plan; next !== undefined && next.groups.length > 0; ) {
    const run: PlanRun = { plan: next, report: await runInWorkDir(table, next, options, context) }
    runs.push(run)
    next = runs.length < MOST_PLANS ? await sayingWhatWasDone(runs, () => planAgain(run)) : undefined
  }
  const after = runs.length === 0 ? before : await sayingWhatWasDone(runs, () => figures(table, context))
  const elapsedMs = context.clock.monotonicMs() - startedAt
  const outcome: OptimizeOutcome = { name: table.name, plan, runs, before, after, elapsedMs }
  if (options.json) context.printJson(optimizeJson(outcome))
  else context.print(optimizeText(outcome))
  for (const run of runs) throwFailure(run, options)
}

/** What is done after a run: where that fails there is no report, and the error has to tell what became of the run. */
async function sayingWhatWasDone<T>(runs: readonly PlanRun[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof MoraineError)) throw error
    const message = `${runs.map(whatWasDone).join('; ')}; then ${error.message}`
    throw new MoraineError(error.kind, message, { cause: error.cause, context: error.context })
  }
}

function whatWasDone({ report: { commit, failures } }: PlanRun): string {
  const outcome =
    commit.kind === 'committed'
      ? `snapshot ${commit.snapshotId} was committed`
      : commit.kind === 'nothing'
        ? 'nothing was committed'
        : 'it is not known whether the catalog committed'
  const [first] = failures
  if (first === undefined) return outcome
  return `${outcome}, ${counted(failures.length, 'group')} failed, such as group ${first.groupId}: ${first.reason}`
}

// Moved rows are merged once; the other plans are for tables with so many unreadable files.
const MOST_PLANS = 8

/**
 * Whether another plan may do what this one could not: merge what was moved to the current partition spec with what was
 * there before, or, if that is asked for, rewrite what is beside a file that turned out to be unreadable, which is added
 * to `unreadable`.
 */
function isWorthAnother(
  { plan, report: { commit, failures } }: PlanRun,
  unreadable: Map<string, string>,
  skipsUnreadable: boolean,
): boolean {
  if (commit.kind === 'unknown' || (failures.length > 0 && !skipsUnreadable)) return false
  const known = unreadable.size
  for (const { unreadableFile, reason } of failures) {
    if (unreadableFile !== undefined) unreadable.set(unreadableFile, reason)
  }
  if (failures.length > 0) return unreadable.size > known
  return commit.kind === 'committed' && plan.groups.some((group) => group.outputSpecId !== undefined)
}

function skipHint(failures: PlanRun['report']['failures']): string {
  if (!failures.some(({ unreadableFile }) => unreadableFile !== undefined)) return ''
  return '; `table optimize --skip-unreadable` leaves the files that cannot be read as they are, and optimizes what is beside them'
}

function throwFailure({ plan, report: { failures, commit } }: PlanRun, { skipsUnreadable }: RunOptions): void {
  // A rewrite that is not proven is our fault, whatever else went wrong.
  const worst = failures.find(({ kind }) => kind === 'verification-failed') ?? failures[0]
  if (worst !== undefined) {
    throw new MoraineError(
      worst.kind,
      `${failures.length} of ${counted(plan.groups.length, 'group')} ${failures.length === 1 ? 'was' : 'were'} not committed, such as group ${worst.groupId}: ${worst.reason}${skipsUnreadable ? '' : skipHint(failures)}`,
    )
  }
  if (commit.kind === 'unknown')
    throw new MoraineError(
      'unavailable',
      'the catalog did not say whether it committed; look at the table before you try again',
      { cause: commit.cause },
    )
}

async function readTableAgain(table: OpenTable, before: IndexedTable, context: CommandContext): Promise<IndexedTable> {
  const loaded = await table.store.loadTable(table.identifier, context.signal)
  return readTableFrom(table.io, loaded, { known: before.index, boundsFiles: false }, context.signal)
}

async function figures(table: OpenTable, context: CommandContext) {
  const state = await readTable(table.io, await table.store.loadTable(table.identifier, context.signal), context.signal)
  return { snapshotId: state.snapshot?.snapshotId, ...inspectTable(state, { now: context.clock.now() }).report }
}

async function runInWorkDir(
  table: OpenTable,
  plan: RewritePlan,
  { threads, memoryMb }: RunOptions,
  context: CommandContext,
): Promise<RunReport> {
  const workDir = await makeWorkDirectory(tmpdir())
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
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${finished} of ${counted(total, 'group')}`
}
