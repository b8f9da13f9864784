import { commitRewrite, type RewriteOutcome } from '@moraine/maintenance/commit/commit-rewrite'
import { makeTasks } from '@moraine/maintenance/plan/make-tasks'
import type { RewritePlan } from '@moraine/maintenance/plan/rewrite-plan'
import type { RewriteResult } from '@moraine/maintenance/plan/rewrite-result'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import type { DuckDbPool } from '@moraine/rewrite/duckdb/duckdb-pool'
import { executeTask } from '@moraine/rewrite/execute-task'
import { assert, must } from '@moraine/stdx/assert'
import { mapBounded } from '@moraine/stdx/bounded'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, type ErrorKind, MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV7 } from '@moraine/stdx/random'
import type { OpenTable } from '../table/open-table.ts'

export type RunPlanContext = {
  readonly clock: Clock
  readonly random: Random
  readonly pool: DuckDbPool
  readonly workDir: string
  readonly threads: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onGroup: (done: { readonly groupId: number; readonly finished: number; readonly total: number }) => void
}

/** A group that was run and did not get into the table, with what a caller may do about it and the reason. */
export type GroupFailure = {
  readonly groupId: number
  readonly kind: ErrorKind
  readonly reason: string
  /** The file of the group that could not be read, if that is why. */
  readonly unreadableFile?: string
}

export type RunReport = {
  readonly commit: Exclude<RewriteOutcome, { readonly kind: 'held' }>
  readonly results: readonly RewriteResult[]
  readonly failures: readonly GroupFailure[]
}

/**
 * Runs every group of a plan, then commits those that succeeded. Outputs of the others are removed, all of them if it ends
 * before the commit; only where nobody knows whether a commit landed they are left.
 */
export async function runPlan(table: OpenTable, plan: RewritePlan, context: RunPlanContext): Promise<RunReport> {
  const processId = uuidV7(context.random, context.clock.now())
  const { metadata } = await table.store.loadTable(table.identifier, context.signal)
  const tasks = makeTasks({ name: table.name, metadata, plan, storage: table.storage, runId: processId })
  const { results, failures } = await runTasks(table, tasks, context)
  // Where every group failed the catalog may be gone as well; then the reasons would be lost with it.
  if (results.length === 0) return { commit: { kind: 'nothing', left: [] }, results, failures }
  const commit = await commitOrRemove(table, { plan, tasks, results, processId }, context)
  if (commit.kind === 'unknown') return { commit, results, failures }
  const committed = new Set(commit.kind === 'committed' ? commit.groupIds : [])
  await table.io.remove(results.filter((result) => !committed.has(result.groupId)).flatMap(outputPaths))
  return { commit, results, failures: [...failures, ...commit.left] }
}

async function commitOrRemove(
  table: OpenTable,
  made: {
    readonly plan: RewritePlan
    readonly tasks: readonly RewriteTask[]
    readonly results: readonly RewriteResult[]
    readonly processId: string
  },
  context: RunPlanContext,
): Promise<RunReport['commit']> {
  const { clock, random, signal } = context
  const { plan, processId } = made
  const taskOf = new Map(made.tasks.map((task) => [task.group.groupId, task]))
  const results = made.results.map((result) => {
    return { result, output: must(taskOf.get(result.groupId), 'the task of a result').output }
  })
  try {
    const outcome = await commitRewrite(
      { identifier: table.identifier, plan, results, processId },
      { tables: table.store, io: table.io, clock, random, signal },
    )
    assert(outcome.kind !== 'held', 'a table was held that nobody can hold')
    return outcome
  } catch (error) {
    await table.io.remove(made.results.flatMap(outputPaths))
    throw error
  }
}

async function runTasks(table: OpenTable, tasks: readonly RewriteTask[], context: RunPlanContext) {
  const results: RewriteResult[] = []
  const failures: GroupFailure[] = []
  try {
    await runEach(table, tasks, { results, failures }, context)
  } catch (error) {
    await table.io.remove(results.flatMap(outputPaths))
    throw error
  }
  return { results: results.sort((a, b) => a.groupId - b.groupId), failures }
}

async function runEach(
  table: OpenTable,
  tasks: readonly RewriteTask[],
  { results, failures }: { readonly results: RewriteResult[]; readonly failures: GroupFailure[] },
  context: RunPlanContext,
): Promise<void> {
  let finished = 0
  await mapBounded(
    tasks,
    context.threads,
    async (task, signal) => {
      const { groupId } = task.group
      try {
        results.push(await executeTask(task, { ...context, io: table.io, signal, onProgress: () => {} }))
      } catch (error) {
        context.signal.throwIfAborted()
        failures.push({ groupId, kind: kindOfFailure(error), reason: describeError(error), ...unreadableFileOf(error) })
      }
      finished += 1
      context.onGroup({ groupId, finished, total: tasks.length })
    },
    context.signal,
  )
}

/** A task comes from the table's metadata: what is invalid in it is not the fault of whoever started it. */
function kindOfFailure(error: unknown): ErrorKind {
  if (!(error instanceof MoraineError)) return 'internal'
  return error.kind === 'invalid-input' ? 'corrupt' : error.kind
}

function unreadableFileOf(error: unknown): Pick<GroupFailure, 'unreadableFile'> {
  const file = error instanceof MoraineError ? error.context['unreadableFile'] : undefined
  return typeof file === 'string' ? { unreadableFile: file } : {}
}

function outputPaths(result: RewriteResult): readonly string[] {
  return [...result.dataFiles, ...result.deleteFiles].map((file) => file.filePath)
}
