import type { TableId } from '@moraine/lifecycle/identity'
import { withholdTask } from '@moraine/management/optimizing/assign-task'
import type { DispatchableProcess } from '@moraine/management/records/process-store'
import { formatTableName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import type { TableMaintenance } from '@moraine/management/table-work/table-maintenance'
import type { Clock } from '@moraine/stdx/clock'
import { withinDeadline } from '@moraine/stdx/deadline'
import { describeError, MoraineError } from '@moraine/stdx/error'
import type { Withheld } from '../leadership/leader-news.ts'
import type { Log } from '../service/log.ts'
import type { TableToReach } from '../waiting/planned-ahead.ts'

export type TaskAccessDeps = {
  readonly stores: Pick<Stores, 'state' | 'tables' | 'tasks'>
  readonly maintenance: Pick<TableMaintenance, 'loadAccess'>
  readonly clock: Clock
  readonly log: Log
  /** What was asked for is there, or there is a place to ask for more. */
  readonly onEnd: () => void
}

/** What tasks need, besides their inputs, to reach the files of their tables: known to this server alone, and not for long. */
export interface TaskAccess {
  /**
   * For a task that is handed out now. `undefined` while it is asked for, or waits for a place among those of its catalog, which
   * does not keep the tasks of other tables waiting; and for a while after it could not be had: then the next task of the
   * process says why.
   */
  find(process: DispatchableProcess): string | undefined
  /** Whether it could not be had, or not soon, for as long as nothing else is known. */
  isWithheld(table: TableToReach): boolean
  /** Of which {@link isWithheld} holds; of the catalogs, of all tables of which nothing is known. */
  withheld(): Withheld
  stop(): Promise<void>
}

/** `untilMs` on the monotonic clock: credentials end in their own time, whatever the wall clock is set to. */
type Known =
  | { readonly kind: 'asked'; readonly asked: Promise<void>; readonly withheldAtMs: number }
  | { readonly kind: 'ready'; readonly access: string; readonly untilMs: number }
  | { readonly kind: 'failed'; readonly untilMs: number }

/** Long enough for the threads that wait, and for those that come right after. */
const READY_MS = 5_000
const RETRY_MS = 30_000
/** A catalog that has not answered by then may never do so. */
const PATIENCE_MS = 2000
const DEADLINE_MS = 60_000
/** Of one catalog: one that refuses or hangs may have thousands of tables. */
const ASKED_AT_ONCE = 8

export function taskAccess(deps: TaskAccessDeps): TaskAccess {
  const { clock } = deps
  const known = new Map<TableId, Known>()
  const stopping = new AbortController()
  const asking = new Map<string, number>()
  const hasRoom = (catalog: string) => (asking.get(catalog) ?? 0) < ASKED_AT_ONCE
  const isLost = (found: Known) =>
    found.kind === 'failed' || (found.kind === 'asked' && found.withheldAtMs <= clock.monotonicMs())
  const ask = async (process: DispatchableProcess) => {
    const { catalog } = process
    asking.set(catalog, (asking.get(catalog) ?? 0) + 1)
    try {
      const access = await load(deps, process.tableId, stopping.signal)
      forgetPast(known, clock.monotonicMs())
      known.set(process.tableId, { kind: 'ready', access, untilMs: clock.monotonicMs() + READY_MS })
    } catch (error) {
      known.set(process.tableId, { kind: 'failed', untilMs: clock.monotonicMs() + RETRY_MS })
      if (!stopping.signal.aborted) await withhold(deps, process, error)
    } finally {
      const left = (asking.get(catalog) ?? 1) - 1
      if (left === 0) asking.delete(catalog)
      else asking.set(catalog, left)
      deps.onEnd()
    }
  }
  return {
    find(process) {
      const found = known.get(process.tableId)
      if (found?.kind === 'asked') return undefined
      if (found !== undefined && clock.monotonicMs() < found.untilMs)
        return found.kind === 'ready' ? found.access : undefined
      if (stopping.signal.aborted || !hasRoom(process.catalog)) return undefined
      const withheldAtMs = clock.monotonicMs() + (found?.kind === 'failed' ? 0 : PATIENCE_MS)
      known.set(process.tableId, { kind: 'asked', asked: ask(process), withheldAtMs })
      return undefined
    },
    isWithheld({ tableId, catalog }) {
      const found = known.get(tableId)
      if (found === undefined) return !hasRoom(catalog)
      return isLost(found)
    },
    withheld: () => ({
      tableIds: [...known].flatMap(([tableId, found]) => (isLost(found) ? [tableId] : [])),
      catalogs: [...asking.keys()].filter((catalog) => !hasRoom(catalog)),
    }),
    async stop() {
      stopping.abort()
      await Promise.all([...known.values()].flatMap((each) => (each.kind === 'asked' ? [each.asked] : [])))
      known.clear()
    },
  }
}

function forgetPast(known: Map<TableId, Known>, nowMs: number): void {
  for (const [tableId, each] of known) if (each.kind !== 'asked' && each.untilMs <= nowMs) known.delete(tableId)
}

async function load(
  { stores, maintenance, clock }: TaskAccessDeps,
  tableId: TableId,
  signal: AbortSignal,
): Promise<string> {
  const table = await stores.tables.findTable(tableId)
  if (table === undefined) throw new MoraineError('not-found', 'the table is not managed any more')
  const what = `asking how to reach the files of ${formatTableName(table.name)}`
  return withinDeadline(clock, { ms: DEADLINE_MS, what, signal }, (inner) => maintenance.loadAccess(table.name, inner))
}

async function withhold(
  { stores, log }: TaskAccessDeps,
  { processId }: DispatchableProcess,
  error: unknown,
): Promise<void> {
  const failure = describeError(error)
  log.warn({ processId, failure }, 'tasks are not handed out for now; access to the files is asked for again')
  try {
    const [next] = await stores.tasks.listPlanned(processId, 1)
    if (next !== undefined) await stores.state.apply(withholdTask(next, failure))
  } catch (cause) {
    log.error({ processId, failure: describeError(cause) }, 'why a task is not handed out could not be recorded')
  }
}
