import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'
import type { CatalogOutage } from '@moraine/management/catalogs/catalog-breaker'
import type { OpenWork } from '@moraine/management/explain/open-work'
import { type TableVerdict, verdictOf } from '@moraine/management/explain/table-verdict'
import { withheldReason } from '@moraine/management/optimizing/assign-task'
import { type ManagedTable, openProcessId } from '@moraine/management/records/managed-table'
import { NO_TASKS } from '@moraine/management/records/process-store'
import type { Task } from '@moraine/management/records/task'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { holdFinder } from '../../waiting/hold-finder.ts'
import { findRefusal } from './find-refusal.ts'
import { pastRequestBody } from './optimize-request-body.ts'

export type VerdictDeps = {
  readonly stores: Pick<Stores, 'processes' | 'tasks' | 'groups' | 'optimizers' | 'blockers'>
  /** `optimizer.heart-beat-timeout` */
  readonly heartbeatTimeoutMs: number
  /** `self-optimizing.break-quota-limit-enabled` */
  readonly breaksQuota: boolean
  /** Catalogs that the work leaves alone, since they do not answer. */
  readonly outages: () => readonly CatalogOutage[]
  readonly clock: Clock
}

/** Why a table is, or is not, being optimized, from the records as they are when it is asked. */
export type LoadVerdict = (table: ManagedTable) => Promise<TableVerdictBody>

export function verdictLoader({ stores, heartbeatTimeoutMs, breaksQuota, outages, clock }: VerdictDeps): LoadVerdict {
  const findHolds = holdFinder(stores, clock)
  return async (table) => {
    const open = await loadOpenWork(stores, table)
    const group = open?.process.group ?? table.settings.group
    const foundGroup = await stores.groups.findGroup(group)
    const isRequested = open?.process.isRequested ?? table.request !== undefined
    const holds = await findHolds(foundGroup, [{ ...table, isRequested }])
    const refusal = table.state.phase === 'pending' ? await findRefusal(stores, group, table.name.catalog) : undefined
    const verdict = verdictOf({
      table,
      hold: holds.get(table.tableId),
      open,
      outage: outages().find(({ catalog }) => catalog === table.name.catalog),
      refusal,
      groupExists: foundGroup !== undefined,
      optimizers: await stores.optimizers.listLiveOptimizers(group),
      heartbeatTimeoutMs,
      breaksQuota,
      now: clock.now(),
    })
    return verdictBody(verdict, table)
  }
}

/** Tasks of which the failures are told. */
const TASKS_MAX = 1000

/** The process that the table is with, the tasks of it that are with optimizers, and the first of all of them. */
export async function loadOpenWork(
  { processes, tasks }: Pick<Stores, 'processes' | 'tasks'>,
  table: ManagedTable,
): Promise<(OpenWork & { readonly tasks: readonly Task[] }) | undefined> {
  const processId = openProcessId(table)
  const process = processId && (await processes.findProcess(processId))
  if (process === undefined) return undefined
  const counts = (await tasks.countTasks([process.processId])).get(process.processId) ?? NO_TASKS
  const assigned = await tasks.listAssigned({ processId: process.processId })
  const [next] = await tasks.listPlanned(process.processId, 1)
  const withheld = next && withheldReason(next)
  const first = await tasks.pageTasks(process.processId, { offset: 0, limit: TASKS_MAX })
  return { process, counts, assigned, tasks: first, ...(withheld !== undefined && { withheld }) }
}

export function verdictBody(verdict: TableVerdict, table: ManagedTable): TableVerdictBody {
  return {
    ...verdict,
    figures: { ...verdict.figures },
    until: verdict.until ?? null,
    processId: openProcessId(table) ?? null,
    needed: table.evaluation?.needed ?? null,
    evaluatedAt: table.evaluatedAt ?? null,
    snapshotId: table.evaluation?.snapshotId?.toString() ?? null,
    finding: table.evaluation?.finding.text ?? null,
    lastRequest: table.lastRequest === undefined ? null : pastRequestBody(table.lastRequest),
  }
}
