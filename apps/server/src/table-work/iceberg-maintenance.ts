import type { TaskId } from '@moraine/lifecycle/identity'
import { commitRewrite } from '@moraine/maintenance/commit/commit-rewrite'
import { parseRewritePlan } from '@moraine/maintenance/plan/rewrite-plan-json'
import { parseRewriteResult } from '@moraine/maintenance/plan/rewrite-result-json'
import type { RewriteTask } from '@moraine/maintenance/plan/rewrite-task'
import { formatRewriteTask, parseRewriteTask } from '@moraine/maintenance/plan/rewrite-task-json'
import { verifyGroup } from '@moraine/maintenance/verify/verify-group'
import type {
  AttemptKey,
  CommitReport,
  CommitRequest,
  OutputCheck,
  TableMaintenance,
} from '@moraine/management/table-work/table-maintenance'
import type { TableIdentity } from '@moraine/management/tables/rename-table'
import type { Clock } from '@moraine/stdx/clock'
import { describeError, isKind } from '@moraine/stdx/error'
import { formatExactJson, parseExactJson } from '@moraine/stdx/exact-json'
import { mapOf, text } from '@moraine/stdx/exact-json-decode'
import type { Random } from '@moraine/stdx/random'
import type { StorageSettings } from '@moraine/storage/settings'
import { discardAttempt } from './discard-attempt.ts'
import type { ReachedTable } from './reached-table.ts'
import { type TableJudgeContext, tableJudge } from './table-judge.ts'

export type IcebergMaintenanceContext = TableJudgeContext & {
  readonly clock: Clock
  readonly random: Random
}

/** The service's work on Iceberg tables. Tables that do not change much are cheap to look at again. */
export function icebergMaintenance(context: IcebergMaintenanceContext): TableMaintenance {
  return {
    ...tableJudge(context),
    async findMetadataLocation(table, signal) {
      const { store, identifier } = await context.reach(table, signal)
      return store.findMetadataLocation(identifier, signal)
    },
    identify: async (table, signal) => identify(await context.reach(table, signal), signal),
    async loadAccess(table, signal) {
      const { loadStorage } = await context.reach(table, signal)
      return formatExactJson(await loadStorage(signal))
    },
    attemptInput,
    checkOutput,
    commit: (request, signal) => commit(request, context, signal),
    discard: async ({ table, input, attempt, commit }, signal) =>
      discardAttempt(attemptInput(input, attempt), commit, await context.reach(table, signal), signal),
  }
}

async function identify(
  { store, identifier }: Pick<ReachedTable, 'store' | 'identifier'>,
  signal: AbortSignal,
): Promise<TableIdentity | undefined> {
  try {
    const { metadataLocation, metadata } = await store.loadTable(identifier, signal)
    return { metadataLocation, ...(metadata.tableUuid !== undefined && { tableUuid: metadata.tableUuid }) }
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined
    throw error
  }
}

/** Outputs of different attempts never share a name, so that those of a lost attempt can be removed at any time. */
function attemptInput(input: string, { attempt }: AttemptKey, access?: string): string {
  const task = taskOfAttempt(input, attempt)
  return formatRewriteTask({ ...task, ...(access !== undefined && { storage: parseAccess(access) }) })
}

function taskOfAttempt(input: string, attempt: number): RewriteTask {
  const task = parseRewriteTask(input)
  return { ...task, output: { ...task.output, filePrefix: `${task.output.filePrefix}-${attempt}` } }
}

function parseAccess(access: string): StorageSettings {
  return mapOf(text)(parseExactJson(access, 'access'), { document: 'access', kind: 'corrupt' })
}

function checkOutput(input: string, { attempt }: AttemptKey, output: string): OutputCheck {
  const task = taskOfAttempt(input, attempt)
  try {
    const result = parseRewriteResult(output)
    const verdict = verifyGroup(task, result, task.table)
    if (verdict.kind === 'refused') return verdict
    const files = [...result.dataFiles, ...result.deleteFiles]
    return {
      kind: 'accepted',
      figures: {
        files: files.length,
        bytes: result.cost.outputBytes,
        records: result.dataFiles.reduce((sum, file) => sum + file.recordCount, 0),
        method: result.method.kind,
        elapsedMs: result.cost.elapsedMs,
        cpuMs: result.cost.cpuMs,
        peakRssBytes: result.cost.peakRssBytes,
      },
    }
  } catch (error) {
    return { kind: 'refused', reason: describeError(error) }
  }
}

async function commit(
  request: CommitRequest,
  context: IcebergMaintenanceContext,
  signal: AbortSignal,
): Promise<CommitReport> {
  const { store, identifier, io } = await context.reach(request.table, signal)
  const reported = request.results.map(({ taskId, attempt, input, output }) => {
    return { taskId, task: taskOfAttempt(input, attempt), result: parseRewriteResult(output) }
  })
  const taskOf = new Map(reported.map(({ taskId, task }) => [task.group.groupId, taskId]))
  const taskId = (groupId: number): TaskId => {
    const id = taskOf.get(groupId)
    if (id === undefined) throw new Error(`group ${groupId} was not asked to be committed`)
    return id
  }
  const isOfTask = ({ task, result }: (typeof reported)[number]) => task.group.groupId === result.groupId
  const results = reported.filter(isOfTask).map(({ task, result }) => ({ result, output: task.output }))
  const report = await commitRewrite(
    { identifier, plan: parseRewritePlan(request.plan, 'stored plan'), results, processId: String(request.processId) },
    { tables: store, io, clock: context.clock, random: context.random, signal, isHeld: request.isHeld },
  )
  if (report.kind === 'held') return report
  if (report.kind === 'unknown') return { kind: 'unknown', reason: describeError(report.cause) }
  const refused = [
    ...reported
      .filter((each) => !isOfTask(each))
      .map((each) => ({ taskId: each.taskId, reason: `the result is of group ${each.result.groupId}` })),
    ...report.left.map(({ groupId, reason }) => ({ taskId: taskId(groupId), reason })),
  ]
  if (report.kind === 'nothing') return { kind: 'settled', committed: [], refused }
  return { kind: 'settled', committed: report.groupIds.map(taskId), refused, snapshotId: report.snapshotId }
}
