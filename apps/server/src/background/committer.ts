import type { ProcessId, TableId } from '@moraine/lifecycle/identity'
import type { OpenProcess } from '@moraine/management/optimizing/end-process'
import { type CommitTry, nextCommitTry, settleCommit } from '@moraine/management/optimizing/settle-commit'
import type { OptimizingProcess } from '@moraine/management/records/optimizing-process'
import { formatTableName } from '@moraine/management/records/table-name'
import { type Hold, holdsCommits } from '@moraine/management/schedule/hold'
import type { Stores } from '@moraine/management/store/stores'
import type { CommitRequest, CommitResult, TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import { must } from '@moraine/stdx/assert'
import { earliest } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, isKind, isOutcomeUnknown, isRetryable } from '@moraine/stdx/error'
import type { CatalogBreakers } from '../catalogs/catalog-breakers.ts'
import { applyDecision } from '../changes/apply-decision.ts'
import { loadOpenProcess } from '../changes/load-open-process.ts'
import { openProcesses } from '../changes/open-processes.ts'
import type { Log } from '../service/log.ts'
import type { HoldFinder } from '../waiting/hold-finder.ts'
import { bulkhead } from './bulkhead.ts'
import { type Reconciler, reconciler } from './reconciler.ts'

/** Of which holds are asked for together: a few more than threads, so that many that are held cost few questions. */
const LOOKED_AT_ONCE = 64
/** A commit that takes longer is asked for again, and then finds out whether it was made. */
const COMMIT_DEADLINE_MS = 10 * 60_000
const UNRECORDED_PAUSE_MS = 1000

export type CommitterDeps = {
  readonly stores: Pick<Stores, 'state' | 'processes' | 'tables' | 'tasks' | 'groups'>
  readonly maintenance: Pick<TableMaintenance, 'commit'>
  /** `self-optimizing.commit-thread-count`: of each catalog. */
  readonly parallelism: number
  /** As `BulkheadOptions` has it. */
  readonly breakers?: CatalogBreakers
  readonly findHolds: HoldFinder
  readonly clock: Clock
  readonly log: Log
}

/** Commits the results of processes whose tasks are done, one try at a time each, until the outcome is certain. */
export function committer(deps: CommitterDeps): Reconciler<ProcessId> {
  const { stores, clock, log } = deps
  const jobs = bulkhead<ProcessId>({
    name: 'commit',
    limit: deps.parallelism,
    breakers: deps.breakers,
    log,
    onEnd: () => self.nudge(),
  })
  /** Of processes that wait: whoever there is no room for costs no question. */
  const catalogs = new Map<ProcessId, string>()
  const self = reconciler<ProcessId>({
    name: 'committer',
    intervalMs: 30_000,
    clock,
    log,
    drain: () => jobs.drain(),
    async run(_work, signal) {
      const now = clock.now()
      const committing = (await Array.fromAsync(openProcesses(stores.processes, 'committing'))).flat()
      const waiting = committing.filter(({ processId }) => !jobs.has(processId))
      const retryAt = (one: OptimizingProcess) => nextCommitTry(one, now)
      const due = waiting.filter((one) => retryAt(one) <= now)
      keepOnly(catalogs, new Set(due.map(({ processId }) => processId)))
      const held = new Map<TableId, Hold>()
      const catalogOf = ({ processId }: OptimizingProcess) => catalogs.get(processId) ?? ''
      // Whoever there is no room for is looked at when a place comes free: `onEnd`.
      for (let at = 0; at < due.length; at += LOOKED_AT_ONCE) {
        const chunk = due.slice(at, at + LOOKED_AT_ONCE)
        await findCatalogs(deps, chunk, catalogs)
        const some = chunk.filter((one) => jobs.hasRoom(catalogOf(one)))
        for (const [tableId, hold] of await findHeld(deps, some)) held.set(tableId, hold)
        for (const one of some.filter(({ tableId }) => !held.has(tableId))) {
          if (!jobs.hasRoom(catalogOf(one))) continue
          jobs.start(one.processId, catalogOf(one), () => commitProcess(deps, one.processId, signal))
        }
      }
      const ends = [...held.values()].map(({ until }) => until)
      const times = [...ends, ...waiting.map(retryAt), jobs.nextAt()].filter((at) => at !== undefined)
      return { nextAt: earliest(times.filter((at) => at > now)) }
    },
  })
  return self
}

function keepOnly(catalogs: Map<ProcessId, string>, wanted: ReadonlySet<ProcessId>): void {
  for (const processId of catalogs.keys()) if (!wanted.has(processId)) catalogs.delete(processId)
}

/** In which catalogs the tables of these processes are, where that is not known; one question for all. */
async function findCatalogs(
  { stores }: CommitterDeps,
  processes: readonly OptimizingProcess[],
  catalogs: Map<ProcessId, string>,
): Promise<void> {
  const unknown = processes.filter(({ processId }) => !catalogs.has(processId))
  if (unknown.length === 0) return
  const found = await stores.tables.listPointed(unknown.map(({ tableId }) => tableId))
  const byId = new Map(found.map(({ table }) => [table.tableId, table.name.catalog]))
  for (const { processId, tableId } of unknown) catalogs.set(processId, byId.get(tableId) ?? '')
}

async function commitProcess(deps: CommitterDeps, processId: ProcessId, signal: AbortSignal): Promise<void> {
  const { stores, clock, log } = deps
  try {
    const open = await loadOpenProcess(stores, processId)
    if (open?.process.state.status !== 'committing') return
    const outcome = await tryCommit(deps, open, signal)
    if (signal.aborted) return
    await applyDecision(stores.state, `process ${processId}`, async () => {
      const latest = await loadOpenProcess(stores, processId)
      return { changes: latest === undefined ? [] : settleCommit(latest, outcome, clock.now()) }
    })
    const table = formatTableName(open.table.name)
    if (outcome.kind === 'held') log.info({ table, processId }, 'a commit waits until nothing holds its table')
    else if (outcome.kind === 'settled') {
      const { committed, refused } = outcome
      log.info({ table, processId, committed: committed.length, refused }, 'a process was settled')
    } else log.warn({ table, processId, outcome }, 'a commit is not settled yet')
  } catch (error) {
    log.error({ processId, failure: describeError(error) }, 'a commit could not be recorded and will be tried again')
    // Nothing says when: a server that may not write just now would try without a pause.
    await clock.sleep(UNRECORDED_PAUSE_MS, signal).catch(() => undefined)
  }
}

/** What keeps commits of these processes from being made. */
async function findHeld(
  { stores, findHolds }: CommitterDeps,
  processes: readonly OptimizingProcess[],
): Promise<ReadonlyMap<TableId, Hold>> {
  const tables = await Promise.all(processes.map(({ tableId }) => stores.tables.findTable(tableId)))
  const byId = new Map(tables.flatMap((table) => (table?.state.phase === 'committing' ? [[table.tableId, table]] : [])))
  const held = new Map<TableId, Hold>()
  for (const [name, some] of Map.groupBy(processes, ({ group }) => group)) {
    const work = some.flatMap(({ tableId, isRequested }) => {
      const table = byId.get(tableId)
      return table === undefined ? [] : [{ ...table, isRequested }]
    })
    const holds = await findHolds(await stores.groups.findGroup(name), work)
    for (const [tableId, hold] of holds) if (holdsCommits(hold)) held.set(tableId, hold)
  }
  return held
}

async function tryCommit(deps: CommitterDeps, open: OpenProcess, signal: AbortSignal): Promise<CommitTry> {
  const what = `committing process ${open.process.processId}`
  try {
    const request = await commitRequest(deps, open)
    return await withinDeadline(deps.clock, { ms: COMMIT_DEADLINE_MS, what, signal }, (inner) =>
      deps.maintenance.commit(request, inner),
    )
  } catch (error) {
    // A table that others keep changing may be caught in a quiet moment later, and one that is not there may have another
    // name, which listing its catalog tells.
    const retryable = isRetryable(error) || isKind(error, 'conflict') || isKind(error, 'not-found')
    // Cut short by its deadline it may have been made; whatever else is thrown says that it was not.
    const inDoubt = isKind(error, 'timeout') || isKind(error, 'aborted') || isOutcomeUnknown(error)
    return { kind: 'failed', reason: describeError(error), retryable, inDoubt }
  }
}

async function commitRequest(deps: CommitterDeps, open: OpenProcess): Promise<CommitRequest> {
  const { stores } = deps
  const { processId } = open.process
  const results: CommitResult[] = []
  for (const { taskId, state } of open.tasks) {
    if (state.status !== 'succeeded') continue
    const input = must(await stores.tasks.findInput(processId, taskId), `input of task ${processId}/${taskId}`)
    const output = must(await stores.tasks.findOutput(processId, taskId), `output of task ${processId}/${taskId}`)
    results.push({ taskId, attempt: state.assignment.attempt, input, output })
  }
  const plan = must(await stores.processes.findPlan(processId), `plan of process ${processId}`)
  // A lease may be had while results are verified, or between two tries.
  const isHeld = async () => (await findHeld(deps, [open.process])).size > 0
  return { table: open.table.name, processId, plan, results, isHeld }
}
