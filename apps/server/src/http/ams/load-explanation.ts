import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import { type ExplainFacts, explainTable, type OpenWork } from '@moraine/management/explain/explain-table'
import { NO_TASKS } from '@moraine/management/optimizing/process-store'
import { QUOTA_WINDOW_MS } from '@moraine/management/optimizing/quota'
import type { ResourceGroup } from '@moraine/management/resources/resource-group'
import type { Stores } from '@moraine/management/store/stores'
import { type ManagedTable, openProcessId } from '@moraine/management/tables/managed-table'
import { formatTableName } from '@moraine/management/tables/table-name'
import { later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import type { HoldFinder } from '../../optimizing/hold-finder.ts'
import { type PendingPage, type PendingTablesDeps, pendingPages } from '../../optimizing/pending-tables.ts'
import { verdictBody } from './load-verdict.ts'

export type ExplainStores = Pick<Stores, 'processes' | 'tasks' | 'groups' | 'optimizers' | 'tables' | 'discards'>

const ENDED_MAX = 10
const OUTPUTS_MAX = 10
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
  const { verdict, remedy, queue, quota, work, failures } = explainTable(facts)
  const { tableId } = table
  const { discards, total } = await stores.discards.pageDiscards({ tableId, offset: 0, limit: OUTPUTS_MAX })
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
    outputs: discards.map(({ processId, taskId, attempt, commit, dueAt, tries, reason = null }) => {
      return { processId, taskId, attempt, commit, dueAt, tries, reason }
    }),
    outputsTotal: total,
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
  const own = { ...table, isRequested: open?.process.isRequested ?? table.request !== undefined }
  const waits = table.state.phase === 'pending' && group !== undefined
  const { pending, holds } = waits ? await loadPending({ stores, findHolds }, group) : NONE_PENDING
  const dispatchable = waits ? await stores.tasks.listDispatchable(name) : []
  const held = await findHolds(group, dispatchable)
  const { processes } = await stores.processes.listProcesses({ tableId: table.tableId, offset: 0, limit: ENDED_MAX })
  return {
    table,
    group,
    optimizers: await stores.optimizers.listLiveOptimizers(name),
    pending,
    ready: dispatchable.filter(({ tableId }) => !held.has(tableId)),
    usedMs: await stores.tasks.sumAttemptTime(later(now, -QUOTA_WINDOW_MS), now),
    holds: new Map([...holds, ...(await findHolds(group, [own]))]),
    open,
    ended: processes.filter(({ state }) => state.status !== 'executing' && state.status !== 'committing'),
    now,
  }
}

const NONE_PENDING: PendingPage = { pending: [], holds: new Map() }

/** All of the group: what goes before a table may stand anywhere among them. */
async function loadPending(deps: PendingTablesDeps, group: ResourceGroup): Promise<PendingPage> {
  const pages = await Array.fromAsync(pendingPages(deps, group))
  return { pending: pages.flatMap(({ pending }) => pending), holds: new Map(pages.flatMap(({ holds }) => [...holds])) }
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
