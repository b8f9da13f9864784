import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import { type ExplainFacts, explainTable } from '@moraine/management/explain/explain-table'
import { QUOTA_WINDOW_MS } from '@moraine/management/optimizing/quota'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { ResourceGroup } from '@moraine/management/records/resource-group'
import { formatTableName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import { later } from '@moraine/stdx/brand'
import type { HoldFinder } from '../../waiting/hold-finder.ts'
import { type PendingPage, type PendingTablesDeps, pendingPages } from '../../waiting/pending-tables.ts'
import { type PlannedAheadDeps, plannedAhead } from '../../waiting/planned-ahead.ts'
import { findRefusal } from './find-refusal.ts'
import { loadOpenWork, type VerdictDeps, verdictBody } from './load-verdict.ts'
import { requestBody } from './optimize-request-body.ts'

export type ExplanationDeps = VerdictDeps & {
  readonly stores: Pick<Stores, 'tables' | 'discards'>
  readonly findHolds: HoldFinder
  readonly isWithheld: PlannedAheadDeps['isWithheld']
}

const ENDED_MAX = 10
const OUTPUTS_MAX = 10

/** All but the partitions, which need the table's files. */
export async function loadExplanation(
  deps: ExplanationDeps,
  table: ManagedTable,
): Promise<Omit<TableExplanationBody, 'partitions' | 'partitionsTotal' | 'partitionsFailure'>> {
  const facts = await loadFacts(deps, table)
  const { verdict, remedy, queue, quota, work, failures } = explainTable(facts)
  const { tableId } = table
  const { discards, total } = await deps.stores.discards.pageDiscards({ tableId, offset: 0, limit: OUTPUTS_MAX })
  return {
    verdict: verdictBody(verdict, table),
    remedy,
    request: table.request === undefined ? null : requestBody(table.request),
    unknownProperties: (table.evaluation?.unknownProperties ?? []).map(({ key, meant = null }) => ({ key, meant })),
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

async function loadFacts(
  { stores, findHolds, isWithheld, heartbeatTimeoutMs, breaksQuota, outages, clock }: ExplanationDeps,
  table: ManagedTable,
): Promise<ExplainFacts> {
  const now = clock.now()
  const open = await loadWork(stores, table)
  const name = open?.process.group ?? table.settings.group
  const group = await stores.groups.findGroup(name)
  const own = { ...table, isRequested: open?.process.isRequested ?? table.request !== undefined }
  const waits = table.state.phase === 'pending' && group !== undefined
  const { pending, holds } = waits ? await loadPending({ stores, findHolds }, group) : NONE_PENDING
  const { processes } = await stores.processes.listProcesses({ tableId: table.tableId, offset: 0, limit: ENDED_MAX })
  return {
    table,
    group,
    optimizers: await stores.optimizers.listLiveOptimizers(name),
    pending,
    ready: waits ? (await plannedAhead({ stores, findHolds, isWithheld }, group)).ready : [],
    usedMs: await stores.tasks.sumAttemptTime(later(now, -QUOTA_WINDOW_MS), now),
    holds: new Map([...holds, ...(await findHolds(group, [own]))]),
    open,
    outage: outages().find(({ catalog }) => catalog === table.name.catalog),
    refusal: waits ? await findRefusal(stores, name, table.name.catalog) : undefined,
    ended: processes.filter(({ state }) => state.status !== 'executing' && state.status !== 'committing'),
    heartbeatTimeoutMs,
    breaksQuota,
    now,
  }
}

const NONE_PENDING: PendingPage = { pending: [], holds: new Map() }

/** All of the group: what goes before a table may stand anywhere among them. */
async function loadPending(deps: PendingTablesDeps, group: ResourceGroup): Promise<PendingPage> {
  const pages = await Array.fromAsync(pendingPages(deps, group))
  return { pending: pages.flatMap(({ pending }) => pending), holds: new Map(pages.flatMap(({ holds }) => [...holds])) }
}

/** With the attempts that did not succeed. */
async function loadWork(
  stores: Pick<Stores, 'processes' | 'tasks'>,
  table: ManagedTable,
): Promise<ExplainFacts['open']> {
  const open = await loadOpenWork(stores, table)
  if (open === undefined) return undefined
  // One that was taken back from a lost thread has not failed: it waits with its attempt counted.
  const tried = open.tasks.filter(
    ({ state }) => state.failures > 0 || state.attempts > (state.status === 'planned' ? 0 : 1),
  )
  const attempts = await stores.tasks.listAttempts(
    open.process.processId,
    tried.map(({ taskId }) => taskId),
  )
  return { ...open, failed: attempts.filter(({ end }) => end !== undefined && end.outcome !== 'succeeded') }
}
