import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import { type ExplainFacts, explainWithFacts, type OpenWork } from '@moraine/management/explain/explain-table'
import { NO_TASKS } from '@moraine/management/optimizing/process-store'
import { QUOTA_WINDOW_MS } from '@moraine/management/optimizing/quota'
import type { Stores } from '@moraine/management/store/stores'
import { type ManagedTable, openProcessId } from '@moraine/management/tables/managed-table'
import { formatTableName } from '@moraine/management/tables/table-name'
import { later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import type { HoldFinder } from '../../optimizing/hold-finder.ts'
import { verdictBody } from './load-verdict.ts'

export type ExplainStores = Pick<Stores, 'processes' | 'tasks' | 'groups' | 'optimizers' | 'tables'>

const PENDING_MAX = 10_000
const ENDED_MAX = 10
/** Tasks of the open process whose attempts are looked at for failures. */
const TASKS_MAX = 1000

/** All but the partitions, which need the table's files. */
export async function loadExplanation(
  stores: ExplainStores,
  findHolds: HoldFinder,
  table: ManagedTable,
  clock: Clock,
): Promise<Omit<TableExplanationBody, 'partitions' | 'partitionsTotal' | 'partitionsFailure'>> {
  const facts = await loadFacts(stores, findHolds, table, clock)
  const { verdict, remedy, queue, quota, work, failures } = explainWithFacts(facts)
  return {
    verdict: verdictBody(verdict, table),
    remedy,
    request: requestBody(table),
    queue: queue === undefined ? null : { ...queue, ahead: queue.ahead.map(formatTableName) },
    quota: { ...quota },
    work: work.map(({ partitionPath, lastHeardAt, ...rest }) => ({
      ...rest,
      partition: partitionPath,
      lastHeardAt: lastHeardAt ?? null,
    })),
    failures: failures.map((failure) => ({ ...failure, taskId: failure.taskId ?? null })),
  }
}

function requestBody({ request }: ManagedTable): TableExplanationBody['request'] {
  if (request === undefined) return null
  const { type, filter = null, partitions, requestedAt } = request
  return { type, filter, partitions: partitions === undefined ? null : [...partitions], requestedAt }
}

async function loadFacts(
  stores: ExplainStores,
  findHolds: HoldFinder,
  table: ManagedTable,
  clock: Clock,
): Promise<ExplainFacts> {
  const now = clock.now()
  const open = await loadOpenWork(stores, table)
  const name = open?.process.group ?? table.settings.group
  const group = await stores.groups.findGroup(name)
  const pending =
    table.state.phase === 'pending'
      ? await stores.tables.listTables({ group: name, phases: ['pending'], limit: PENDING_MAX })
      : []
  const own = { ...table, isRequested: open?.process.isRequested ?? table.request !== undefined }
  const others = pending.filter(({ tableId }) => tableId !== table.tableId)
  const holds = await findHolds(group, [
    own,
    ...others.map((each) => ({ ...each, isRequested: each.request !== undefined })),
  ])
  const counts = await stores.tasks.countGroupTasks()
  const { processes } = await stores.processes.listProcesses({ tableId: table.tableId, offset: 0, limit: ENDED_MAX })
  return {
    table,
    group,
    optimizers: await stores.optimizers.listLiveOptimizers(name),
    pending,
    waitingTasks: counts.find((each) => each.group === name && each.status === 'planned')?.tasks ?? 0,
    usedMs: await stores.tasks.sumAttemptTime(later(now, -QUOTA_WINDOW_MS), now),
    holds,
    open,
    ended: processes.filter(({ state }) => state.status !== 'executing' && state.status !== 'committing'),
    now,
  }
}

async function loadOpenWork(
  { processes, tasks }: Pick<Stores, 'processes' | 'tasks'>,
  table: ManagedTable,
): Promise<OpenWork | undefined> {
  const processId = openProcessId(table)
  const process = processId && (await processes.findProcess(processId))
  if (process === undefined) return undefined
  const counts = (await tasks.countTasks([process.processId])).get(process.processId) ?? NO_TASKS
  const own = await tasks.pageTasks(process.processId, { offset: 0, limit: TASKS_MAX })
  const tried = own.filter(({ state }) => state.failures > 0 || state.attempts > 1)
  const attempts = await tasks.listAttempts(
    process.processId,
    tried.map(({ taskId }) => taskId),
  )
  return {
    process,
    counts,
    assigned: own.filter(({ state }) => state.status === 'scheduled' || state.status === 'acked'),
    failed: attempts.filter(({ end }) => end !== undefined && end.outcome !== 'succeeded'),
  }
}
