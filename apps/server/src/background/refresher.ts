import type { TableId } from '@moraine/lifecycle/identity'
import { unwantedProcess } from '@moraine/management/optimizing/unwanted-process'
import { type ManagedTable, openProcessId } from '@moraine/management/records/managed-table'
import { formatTableName } from '@moraine/management/records/table-name'
import type { LocatedTable } from '@moraine/management/records/table-store'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import type { RefreshLimits, RefreshOutcome } from '@moraine/management/tables/refresh-delay'
import { decideRefresh, recordEvaluation, recordRefreshFailure } from '@moraine/management/tables/refresh-table'
import { type EpochMs, earliest } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError } from '@moraine/stdx/error'
import type { CatalogBreakers } from '../catalogs/catalog-breakers.ts'
import { applyDecision } from '../changes/apply-decision.ts'
import { settleOpenProcess } from '../changes/settle-open-process.ts'
import type { Log } from '../service/log.ts'
import { type KnownTable, type LookPlaces, lookPlaces } from './look-places.ts'
import { type Reconciler, reconciler } from './reconciler.ts'
import { type RefreshSchedule, refreshSchedule } from './refresh-schedule.ts'

const PAGE = 1000
const LOOK_DEADLINE_MS = 5 * 60_000
/** Tables of which the pointers are asked for by one question, and of own catalogs may then wait for a thread. */
const LOOKED_UP_AT_ONCE = 500
/** When a look that the database prevented is tried again. */
const RETRY_MS = 1000
const GONE = 'its catalog does not have it; it was dropped or has another name, which listing the catalog will tell'

export type RefresherDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks' | 'processes'>
  readonly maintenance: Pick<TableMaintenance, 'findMetadataLocation' | 'evaluate'>
  /** A table is not there any more: whoever lists this catalog tells what has become of it. */
  readonly onTableGone: (catalog: string) => void
  readonly limits: RefreshLimits
  /** `refresh-tables.thread-count`: of each catalog. */
  readonly parallelism: number
  /** As `BulkheadOptions` has it. */
  readonly breakers?: CatalogBreakers
  readonly clock: Clock
  readonly log: Log
}

/**
 * Looks at the tables: a cheap look at the pointer, and an evaluation only if something changed. The pointers of the
 * service's own catalogs are asked for together with the tables, many at a time; other catalogs are asked for each, in places
 * of their own. When each table is looked at next is kept in memory alone; after a restart all are looked at once, spread over
 * the shortest delay.
 */
export function refresher(deps: RefresherDeps): Reconciler<TableId> {
  const { stores, clock, log, limits } = deps
  const schedule = refreshSchedule(limits, clock)
  const scheduled = scheduler(stores.tables, schedule, limits)
  const places = lookPlaces({ ...deps, onEnd: () => self.nudge(NOBODY) })
  const round: Round = { ...deps, schedule, places }
  const hasRoom = () => places.waitingInOwn() < LOOKED_UP_AT_ONCE
  const self = reconciler<TableId>({
    name: 'refresher',
    intervalMs: 60_000,
    clock,
    log,
    drain: places.drain,
    async run({ all, keys }, signal) {
      for (const tableId of keys) if (tableId !== NOBODY) schedule.tell(tableId)
      if (all) await scheduled.addUnknown()
      do {
        places.start((tableId, known) => look(round, tableId, known, signal))
      } while (!signal.aborted && hasRoom() && (await lookUpDue(round)))
      const ends = [hasRoom() ? schedule.nextAt() : undefined, places.nextAt()]
      return { nextAt: earliest(ends.filter((at) => at !== undefined)) }
    },
  })
  return self
}

type Round = RefresherDeps & { readonly schedule: RefreshSchedule; readonly places: LookPlaces }

/** Asks what is known of tables that are due. Whether there were any. */
async function lookUpDue({ stores, clock, schedule, places }: Round): Promise<boolean> {
  const tableIds = takeDue(schedule, places)
  try {
    if (tableIds.length === 0) return false
    const pointed = new Map(
      (await stores.tables.listPointed(tableIds)).map((each) => [each.table.tableId, each] as const),
    )
    for (const tableId of tableIds) {
      schedule.begin(tableId)
      const seen = glance(pointed.get(tableId), clock.now())
      if (seen === 'forgotten' || 'outcome' in seen) putBack(schedule, tableId, seen)
      else places.wait(tableId, seen)
    }
    return true
  } catch (error) {
    for (const tableId of tableIds) schedule.put(tableId, RETRY_MS)
    throw error
  }
}

/** Those that are due and do not wait already, but not those that are being looked at: they are due again a little later. */
function takeDue(schedule: RefreshSchedule, places: LookPlaces): readonly TableId[] {
  const limit = LOOKED_UP_AT_ONCE - places.waitingInOwn()
  const taken: TableId[] = []
  while (taken.length < limit) {
    const tableId = schedule.takeDue()
    if (tableId === undefined) break
    if (places.isLookedAt(tableId)) schedule.put(tableId, 1)
    else if (!places.waitsInOther(tableId)) taken.push(tableId)
  }
  return taken
}

async function look(round: Round, tableId: TableId, known: KnownTable | undefined, signal: AbortSignal) {
  const { schedule } = round
  try {
    schedule.begin(tableId)
    putBack(schedule, tableId, await lookAtTable(round, tableId, known, signal))
  } catch (error) {
    schedule.put(tableId, RETRY_MS)
    throw error
  }
}

function putBack(schedule: RefreshSchedule, tableId: TableId, seen: LookEnd): void {
  if (seen === 'forgotten') schedule.forget(tableId)
  else schedule.end(tableId, seen)
}

/**
 * Puts the tables on the schedule: at the start all of them, those without an evaluation first; later the new ones. Ids
 * only grow, and none is let go of while its table is managed: what is there need not be listed again.
 */
function scheduler(tables: RefresherDeps['stores']['tables'], schedule: RefreshSchedule, limits: RefreshLimits) {
  let last: TableId | undefined
  const each = async (metadata: 'unknown' | undefined, put: (tableId: TableId) => void) => {
    for (let after = last; ; ) {
      const from = { ...(after !== undefined && { after }), ...(metadata && { metadata }) }
      const page = await tables.listTableNames({ limit: PAGE, ...from })
      for (const { tableId } of page) if (!schedule.has(tableId)) put(tableId)
      after = page.at(-1)?.tableId ?? after
      if (page.length < PAGE) return after
    }
  }
  return {
    async addUnknown() {
      const isStart = last === undefined
      if (isStart) await each('unknown', (tableId) => schedule.tell(tableId))
      last = await each(undefined, (tableId) =>
        isStart ? schedule.put(tableId, (tableId * 7919) % limits.shortestMs) : schedule.tell(tableId),
      )
    },
  }
}

/** No table has this id: a nudge that only says that there is room for the next. */
const NOBODY = 0 as TableId

/** What can be said of a table without asking anybody. */
function glance(pointed: LocatedTable | undefined, now: EpochMs): LookEnd | KnownTable {
  if (pointed === undefined) return 'forgotten'
  const { table, ownLocation: location } = pointed
  return location !== undefined && decideRefresh(table, location, now) === 'unchanged'
    ? unchanged(table)
    : { table, location }
}

function unchanged(table: ManagedTable) {
  return { table, outcome: table.state.phase === 'idle' ? 'unchanged' : 'changed' } as const
}

type LookEnd = { readonly table: ManagedTable; readonly outcome: RefreshOutcome } | 'forgotten'

async function lookAtTable(
  deps: RefresherDeps,
  tableId: TableId,
  known: KnownTable | undefined,
  signal: AbortSignal,
): Promise<LookEnd> {
  const { stores, clock, log } = deps
  // It may have waited for a place.
  const table = known === undefined ? await stores.tables.findTable(tableId) : known.table
  if (table === undefined) return 'forgotten'
  const what = `refreshing ${formatTableName(table.name)}`
  try {
    return await withinDeadline(clock, { ms: LOOK_DEADLINE_MS, what, signal }, (inner) =>
      refresh(deps, { location: known?.location, table }, inner),
    )
  } catch (error) {
    if (signal.aborted) return { table, outcome: 'failed' }
    const reason = describeError(error)
    const changes = recordRefreshFailure(table, reason, clock.now())
    // Each commit brings another look: what is recorded already has been told.
    if (changes.length > 0) log.warn({ table: formatTableName(table.name), reason }, 'a table could not be refreshed')
    await stores.state.apply(changes).catch((failure: unknown) => {
      log.error({ tableId, failure: describeError(failure) }, 'a failed refresh could not be recorded')
    })
    return { table, outcome: 'failed' }
  }
}

async function refresh(
  deps: RefresherDeps,
  { table, location: known }: KnownTable,
  signal: AbortSignal,
): Promise<LookEnd> {
  const { stores, maintenance, clock } = deps
  const location = known ?? (await maintenance.findMetadataLocation(table.name, signal))
  const decision = decideRefresh(table, location, clock.now())
  if (decision === 'unchanged') return unchanged(table)
  if (decision === 'gone') {
    const missed = recordRefreshFailure(table, GONE, clock.now())
    const isNew = missed.length > 0 && (await stores.state.apply(missed)).kind === 'applied'
    // Once: a table that is listed but cannot be found must not have its catalog listed at every look.
    if (isNew) deps.onTableGone(table.name.catalog)
    return { table, outcome: 'failed' }
  }
  const clocks = await stores.tables.listClocks(table.tableId)
  const looked = { table: table.name, clocks, now: clock.now(), ...(location && { metadataLocation: location }) }
  const evaluation = await maintenance.evaluate(looked, signal)
  // As it was seen; loaded again only if it has changed since, which the guards of the change tell.
  let seen: ManagedTable | undefined = table
  const { latest } = await applyDecision(stores.state, formatTableName(table.name), async () => {
    const latest = seen ?? (await stores.tables.findTable(table.tableId))
    seen = undefined
    return { latest, changes: latest === undefined ? [] : recordEvaluation(latest, evaluation, clock.now()) }
  })
  if (latest === undefined) return 'forgotten'
  const seenTable = { ...latest, evaluation, settings: evaluation.settings }
  await endIfUnwanted(deps, seenTable)
  return { table: seenTable, outcome: 'changed' }
}

/** Ends the process of a table that was switched off or moved to another group. The settler does so if this is cut short. */
async function endIfUnwanted({ stores, clock }: RefresherDeps, table: ManagedTable): Promise<void> {
  const processId = openProcessId(table)
  const process = processId === undefined ? undefined : await stores.processes.findProcess(processId)
  if (process !== undefined && unwantedProcess(table, process) !== undefined)
    await settleOpenProcess(stores, clock, process.processId)
}
