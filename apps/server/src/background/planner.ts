import { isDeepStrictEqual } from 'node:util'
import type { TableId } from '@moraine/lifecycle/identity'
import { planNotBefore, planningRoom } from '@moraine/management/optimizing/choose-tables'
import { abandonPlanning, acceptPlan, beginPlanning, failPlanning } from '@moraine/management/optimizing/plan-table'
import { QUOTA_WINDOW_MS } from '@moraine/management/optimizing/quota'
import type { ManagedTable, PendingTable } from '@moraine/management/records/managed-table'
import { activeThreads } from '@moraine/management/records/optimizer'
import { newProcessId } from '@moraine/management/records/optimizing-process'
import { maxCostBytes, type ResourceGroup } from '@moraine/management/records/resource-group'
import { formatTableName } from '@moraine/management/records/table-name'
import type { StateChange } from '@moraine/management/store/state-change'
import type { Stores } from '@moraine/management/store/stores'
import type { PlannedWork, TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { type EpochMs, earliest, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, isKind, isRetryable } from '@moraine/stdx/error'
import type { Random } from '@moraine/stdx/random'
import type { CatalogBreakers } from '../catalogs/catalog-breakers.ts'
import { applyDecision } from '../changes/apply-decision.ts'
import type { Log } from '../service/log.ts'
import type { HoldFinder } from '../waiting/hold-finder.ts'
import { type KeptQueue, keptQueue } from '../waiting/kept-queue.ts'
import { loadPlanningQueue } from '../waiting/pending-tables.ts'
import { type PlannedAheadDeps, plannedAhead } from '../waiting/planned-ahead.ts'
import { type Bulkhead, bulkhead } from './bulkhead.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const TABLES_MAX = 10_000
const PLAN_DEADLINE_MS = 10 * 60_000

export type PlannerDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'optimizers' | 'groups'>
  readonly maintenance: Pick<TableMaintenance, 'plan'>
  /** `optimizer.max-planning-parallelism`: of each group, and in it of each catalog. */
  readonly parallelism: number
  /** As `BulkheadOptions` has it. */
  readonly breakers?: CatalogBreakers
  readonly findHolds: HoldFinder
  readonly isWithheld: PlannedAheadDeps['isWithheld']
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Plans pending tables, independent of polls and ahead of demand. A table that is in planning but not in this planner's
 * hands was left by one that died, and goes back to pending.
 */
export function planner(deps: PlannerDeps): Reconciler<never> {
  const { stores, clock } = deps
  const groups = new Map<string, Hand>()
  const findUsage = usageFinder(stores)
  const handOf = (group: string): Hand => {
    const known = groups.get(group)
    if (known !== undefined) return known
    const jobs = bulkhead<TableId>({
      name: 'plan',
      limit: deps.parallelism,
      breakers: deps.breakers,
      log: deps.log,
      onEnd: () => self.nudge(),
    })
    const hand = { jobs, queue: keptQueue(clock) }
    groups.set(group, hand)
    return hand
  }
  const inHand = (tableId: TableId) => [...groups.values()].some(({ jobs }) => jobs.has(tableId))

  const self = reconciler<never>({
    name: 'planner',
    intervalMs: 10_000,
    clock,
    log: deps.log,
    async drain() {
      for (const { jobs } of groups.values()) await jobs.drain()
    },
    async run(_work, signal) {
      for (const table of await stores.tables.listTables({ phases: ['planning'], limit: TABLES_MAX })) {
        if (!inHand(table.tableId)) await stores.state.apply(abandonPlanning(table, clock.now()))
      }
      const times: (EpochMs | undefined)[] = []
      for (const group of await stores.groups.listGroups()) {
        const hand = handOf(group.name)
        times.push(await planGroup(deps, group, { ...hand, findUsage, signal }), hand.jobs.nextAt())
      }
      return { nextAt: earliest(times.filter((at) => at !== undefined)) }
    },
  })
  return self
}

/** What a planner has of a group. */
type Hand = { readonly jobs: Bulkhead<TableId>; readonly queue: KeptQueue }

type Round = Hand & { readonly findUsage: UsageFinder; readonly signal: AbortSignal }

/**
 * Pending tables may be many: they are listed, and told apart by what they used, only when one of them can be planned. Who
 * makes room, the end of a plan or of a task, or more threads, comes here again. Tables of catalogs without room,
 * or which refuse access to the files of those that are planned, are not in the queue: however many they are, they hide no
 * other.
 *
 * @returns when to come again, though nothing changes
 */
async function planGroup(deps: PlannerDeps, group: ResourceGroup, round: Round): Promise<EpochMs | undefined> {
  const { stores, clock } = deps
  const { jobs, queue, findUsage } = round
  for (;;) {
    const full = jobs.full()
    const isPending = async (isRequested?: true) => {
      const query = { group: group.name, limit: 1, outside: full, ...(isRequested && { isRequested }) }
      return (await stores.tables.listPending(query)).length > 0
    }
    if (!(await isPending())) return undefined
    const groupThreads = activeThreads(await stores.optimizers.listLiveOptimizers(group.name))
    const { ready, withholding } = await plannedAhead(deps, group)
    const room = planningRoom(ready, groupThreads)
    if (room === 'none' || (room === 'requested' && !(await isPending(true)))) return undefined
    const scope = { outside: [...new Set([...full, ...withholding])].sort(), isRequested: room === 'requested' }
    const left = await queue.current(scope, async () => {
      const now = clock.now()
      return loadPlanningQueue(deps, group, { groupThreads, now, usedMs: await findUsage(now), scope })
    })
    await takeFrom(deps, group, left, { ...round, costBytes: maxCostBytes(group, groupThreads) })
    if (isDeepStrictEqual(jobs.full(), full)) return queue.nextAt(scope)
  }
}

/** Takes in hand what there is room for; the rest stays in the queue. */
async function takeFrom(
  deps: PlannerDeps,
  group: ResourceGroup,
  left: PendingTable[],
  { jobs, signal, costBytes }: Round & { readonly costBytes: number },
): Promise<void> {
  const passed: PendingTable[] = []
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    if (!jobs.hasRoom(next.name.catalog)) passed.push(next)
    else if (!jobs.has(next.tableId)) {
      const table = await findPlannable(deps, group, next.tableId)
      if (table !== undefined) await takeInHand(deps, table, costBytes, jobs, signal)
    }
  }
  left.push(...passed)
}

/** As it is now: since the queue was made it may have changed, or be held. */
async function findPlannable(
  { stores, findHolds, clock }: PlannerDeps,
  group: ResourceGroup,
  tableId: TableId,
): Promise<ManagedTable | undefined> {
  const table = await stores.tables.findTable(tableId)
  if (table?.state.phase !== 'pending' || table.settings.group !== group.name) return undefined
  const holds = await findHolds(group, [{ ...table, isRequested: table.request !== undefined }])
  const now = clock.now()
  return planNotBefore(table, holds.get(tableId), now) <= now ? table : undefined
}

type UsageFinder = (now: EpochMs) => Promise<ReadonlyMap<TableId, number>>

/** Of an hour of attempts some seconds change little in the order of tables: they are not summed up for every plan. */
const USAGE_KEEP_MS = 5000

function usageFinder({ tasks }: Pick<Stores, 'tasks'>): UsageFinder {
  let known: { readonly at: EpochMs; readonly usedMs: ReadonlyMap<TableId, number> } | undefined
  return async (now) => {
    // A clock that was set back must not keep an old sum.
    if (known === undefined || now < known.at || now - known.at >= USAGE_KEEP_MS) {
      known = { at: now, usedMs: await tasks.sumAttemptTime(later(now, -QUOTA_WINDOW_MS), now) }
    }
    return known.usedMs
  }
}

async function takeInHand(
  deps: PlannerDeps,
  table: ManagedTable,
  costBytes: number,
  jobs: Bulkhead<TableId>,
  signal: AbortSignal,
): Promise<void> {
  const { kind } = await deps.stores.state.apply(beginPlanning(table, deps.clock.now()))
  if (kind === 'applied') jobs.start(table.tableId, table.name.catalog, () => planTable(deps, table, costBytes, signal))
}

async function planTable(
  deps: PlannerDeps,
  table: ManagedTable,
  costBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = deps
  const name = formatTableName(table.name)
  const processId = newProcessId(deps.random, clock.now())
  try {
    const outcome = await tryPlan(deps, table, { processId, maxCostBytes: costBytes }, signal)
    if (signal.aborted) return
    await record(deps, table, (latest, now) =>
      outcome.kind === 'planned'
        ? acceptPlan(latest, outcome.work, processId, now)
        : failPlanning(latest, outcome.reason, now),
    )
    if (outcome.kind === 'failed') log.warn({ table: name, reason: outcome.reason }, 'planning failed')
    else log.info({ table: name, processId, type: outcome.work.type, tasks: outcome.work.tasks.length }, 'planned')
  } catch (error) {
    log.error({ table: name, failure: describeError(error) }, 'a plan could not be recorded and will be made again')
    if (!isPassing(error)) await failUnrecorded(deps, table, error)
  }
}

/** Whatever it is, it will be there again: without a pause the plan would be made for ever. */
async function failUnrecorded(deps: PlannerDeps, table: ManagedTable, error: unknown): Promise<void> {
  const reason = `the plan could not be recorded: ${describeError(error)}`
  try {
    await record(deps, table, (latest, now) => failPlanning(latest, reason, now))
  } catch (cause) {
    const facts = { table: formatTableName(table.name), failure: describeError(cause) }
    deps.log.error(facts, 'why a plan could not be recorded could not be recorded either')
  }
}

function isPassing(error: unknown): boolean {
  return isRetryable(error) || isKind(error, 'conflict')
}

function record(
  { stores, clock }: PlannerDeps,
  { tableId, name }: ManagedTable,
  decide: (latest: ManagedTable, now: EpochMs) => readonly StateChange[],
) {
  return applyDecision(stores.state, `planning ${formatTableName(name)}`, async () => {
    const latest = await stores.tables.findTable(tableId)
    return { changes: latest === undefined ? [] : decide(latest, clock.now()) }
  })
}

type PlanTry =
  | { readonly kind: 'planned'; readonly work: PlannedWork }
  | { readonly kind: 'failed'; readonly reason: string }

async function tryPlan(
  { stores, maintenance, clock }: PlannerDeps,
  table: ManagedTable,
  limits: Pick<Parameters<TableMaintenance['plan']>[0], 'processId' | 'maxCostBytes'>,
  signal: AbortSignal,
): Promise<PlanTry> {
  const what = `planning ${formatTableName(table.name)}`
  try {
    const request = {
      table: table.name,
      clocks: await stores.tables.listClocks(table.tableId),
      now: clock.now(),
      request: table.request ?? { type: 'auto' as const },
      ...limits,
    }
    const work = await withinDeadline(clock, { ms: PLAN_DEADLINE_MS, what, signal }, (inner) =>
      maintenance.plan(request, inner),
    )
    return { kind: 'planned', work }
  } catch (error) {
    return { kind: 'failed', reason: describeError(error) }
  }
}
