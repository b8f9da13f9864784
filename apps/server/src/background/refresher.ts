import type { TableId } from '@moraine/lifecycle/identity'
import { decideCancel } from '@moraine/management/optimizing/settle-process'
import { unwantedProcess } from '@moraine/management/optimizing/unwanted-process'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { type ManagedTable, openProcessId } from '@moraine/management/tables/managed-table'
import { nextRefreshDelay, type RefreshLimits, type RefreshOutcome } from '@moraine/management/tables/refresh-delay'
import { decideRefresh, recordEvaluation, recordRefreshFailure } from '@moraine/management/tables/refresh-table'
import { formatTableName } from '@moraine/management/tables/table-name'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import { applyDecision } from '../optimizing/apply-decision.ts'
import { forgetTable } from '../optimizing/forget-table.ts'
import { loadOpenProcess } from '../optimizing/load-open-process.ts'
import { boundedJobs } from '../service/jobs.ts'
import type { Log } from '../service/log.ts'
import { dueQueue } from './due-queue.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

const PAGE = 1000
const LOOK_DEADLINE_MS = 5 * 60_000
/** A table that is told of again and again is looked at once, then at most this often. */
const LOOK_PAUSE_MS = 250

export type RefresherDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'processes'>
  readonly maintenance: Pick<TableMaintenance, 'findMetadataLocation' | 'evaluate'>
  readonly limits: RefreshLimits
  /** `refresh-tables.thread-count` */
  readonly parallelism: number
  readonly clock: Clock
  readonly log: Log
}

/**
 * Looks at the tables: a cheap look at the pointer, and an evaluation only if something changed. When each table is
 * looked at next is kept in memory alone; after a restart all are looked at once, spread over the shortest delay.
 */
export function refresher(deps: RefresherDeps): Reconciler<TableId> {
  const { stores, clock, limits } = deps
  const due = dueQueue<TableId>()
  const delays = new Map<TableId, number>()
  const lookedAt = new Map<TableId, EpochMs>()
  const jobs = boundedJobs<TableId>({
    name: 'refresh',
    limit: deps.parallelism,
    log: deps.log,
    onEnd: () => self.nudge(NOBODY),
  })

  const look = async (tableId: TableId, signal: AbortSignal) => {
    lookedAt.set(tableId, clock.now())
    const end = await lookAtTable(deps, tableId, signal)
    if (end === 'forgotten') {
      delays.delete(tableId)
      lookedAt.delete(tableId)
      return
    }
    const delayMs = nextRefreshDelay(delays.get(tableId), end.outcome, end.table.settings, limits)
    delays.set(tableId, delayMs)
    const waitedFor = end.table.evaluation?.reevaluateAt
    const at = later(clock.now(), delayMs)
    const isAwaited = waitedFor !== undefined && waitedFor > clock.now() && waitedFor < at
    if (!due.has(tableId)) due.put(tableId, isAwaited ? waitedFor : at)
  }

  const self = reconciler<TableId>({
    name: 'refresher',
    intervalMs: 60_000,
    clock,
    log: deps.log,
    drain: () => jobs.drain(),
    async run({ all, keys }, signal) {
      for (const tableId of keys) if (tableId !== NOBODY) due.put(tableId, soonestLook(tableId))
      if (all) await scheduleUnknown()
      while (jobs.free > 0) {
        const tableId = due.takeDue(clock.now())
        if (tableId === undefined) break
        // It is looked at by a job that may have begun before the change: once more when that has ended.
        if (jobs.has(tableId)) due.put(tableId, later(clock.now(), 100))
        else jobs.start(tableId, () => look(tableId, signal))
      }
      return { nextAt: jobs.free > 0 ? due.nextAt() : undefined }
    },
  })

  const soonestLook = (tableId: TableId): EpochMs => {
    const now = clock.now()
    const before = lookedAt.get(tableId)
    const paused = before === undefined ? now : later(before, LOOK_PAUSE_MS)
    // A clock that was set back must not hold up a table.
    return paused > now && paused <= later(now, LOOK_PAUSE_MS) ? paused : now
  }

  /** Tables that are neither scheduled nor being looked at: all of them after a start, later those added. */
  const scheduleUnknown = async () => {
    let after: TableId | undefined
    for (;;) {
      const page = await stores.tables.listTables({ limit: PAGE, ...(after !== undefined && { after }) })
      for (const { tableId, evaluation } of page) {
        if (due.has(tableId) || jobs.has(tableId)) continue
        const spreadMs = evaluation === undefined ? 0 : (tableId * 7919) % limits.shortestMs
        due.put(tableId, later(clock.now(), spreadMs))
      }
      after = page.at(-1)?.tableId
      if (page.length < PAGE) return
    }
  }
  return self
}

/** No table has this id: a nudge that only says that there is room for the next. */
const NOBODY = 0 as TableId

type LookEnd = { readonly table: ManagedTable; readonly outcome: RefreshOutcome } | 'forgotten'

async function lookAtTable(deps: RefresherDeps, tableId: TableId, signal: AbortSignal): Promise<LookEnd> {
  const { stores, clock, log } = deps
  const table = await stores.tables.findTable(tableId)
  if (table === undefined) return 'forgotten'
  const what = `refreshing ${formatTableName(table.name)}`
  try {
    return await withinDeadline(clock, { ms: LOOK_DEADLINE_MS, what, signal }, (inner) => refresh(deps, table, inner))
  } catch (error) {
    if (signal.aborted) return { table, outcome: 'failed' }
    const reason = describeError(error)
    log.warn({ table: formatTableName(table.name), reason }, 'a table could not be refreshed')
    await stores.state.apply(recordRefreshFailure(table, reason, clock.now())).catch((failure: unknown) => {
      log.error({ tableId, failure: describeError(failure) }, 'a failed refresh could not be recorded')
    })
    return { table, outcome: 'failed' }
  }
}

async function refresh(deps: RefresherDeps, table: ManagedTable, signal: AbortSignal): Promise<LookEnd> {
  const { stores, maintenance, clock } = deps
  const location = await maintenance.findMetadataLocation(table.name, signal)
  const decision = decideRefresh(table, location, clock.now())
  if (decision === 'unchanged') return { table, outcome: table.state.phase === 'idle' ? 'unchanged' : 'changed' }
  if (decision === 'gone') {
    const forgotten = await forgetTable(stores, clock, table.tableId)
    return forgotten ? 'forgotten' : { table, outcome: 'changed' }
  }
  const clocks = await stores.tables.listClocks(table.tableId)
  const evaluation = await maintenance.evaluate({ table: table.name, clocks, now: clock.now() }, signal)
  const { latest } = await applyDecision(stores.state, formatTableName(table.name), async () => {
    const latest = await stores.tables.findTable(table.tableId)
    return { latest, changes: latest === undefined ? [] : recordEvaluation(latest, evaluation, clock.now()) }
  })
  if (latest === undefined) return 'forgotten'
  await cancelIfUnwanted(deps, latest)
  return { table: { ...latest, evaluation, settings: evaluation.settings }, outcome: 'changed' }
}

/** Ends the process of a table that was switched off or moved to another group. */
async function cancelIfUnwanted({ stores, clock }: RefresherDeps, table: ManagedTable): Promise<void> {
  const processId = openProcessId(table)
  if (processId === undefined) return
  await applyDecision(stores.state, `process ${processId}`, async () => {
    const open = await loadOpenProcess(stores, processId)
    const reason = open && unwantedProcess(open.table, open.process)
    if (open === undefined || reason === undefined) return { changes: [] }
    const decision = decideCancel(open, reason, clock.now())
    return { changes: decision.kind === 'refused' ? [] : decision.changes }
  })
}
