import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'
import { type TableVerdict, verdictOf } from '@moraine/management/explain/table-verdict'
import { NO_TASKS } from '@moraine/management/optimizing/process-store'
import { activeThreads } from '@moraine/management/resources/optimizer'
import type { Stores } from '@moraine/management/store/stores'
import { type ManagedTable, openProcessId } from '@moraine/management/tables/managed-table'
import type { Clock } from '@moraine/stdx/clock'
import type { HoldFinder } from '../../optimizing/hold-finder.ts'

/** Why a table is, or is not, being optimized, from the records as they are now. */
export async function loadVerdict(
  stores: Pick<Stores, 'processes' | 'tasks' | 'groups' | 'optimizers'>,
  findHolds: HoldFinder,
  table: ManagedTable,
  clock: Clock,
): Promise<TableVerdictBody> {
  const processId = openProcessId(table)
  const process = processId && (await stores.processes.findProcess(processId))
  const counts = process && (await stores.tasks.countTasks([process.processId]))
  const group = process?.group ?? table.settings.group
  const foundGroup = await stores.groups.findGroup(group)
  const isRequested = process?.isRequested ?? table.request !== undefined
  const holds = await findHolds(foundGroup, [{ ...table, isRequested }])
  const verdict = verdictOf({
    table,
    hold: holds.get(table.tableId),
    open: process && { process, tasks: counts?.get(process.processId) ?? NO_TASKS },
    groupExists: foundGroup !== undefined,
    groupThreads: activeThreads(await stores.optimizers.listLiveOptimizers(group)),
    now: clock.now(),
  })
  return verdictBody(verdict, table)
}

export function verdictBody(verdict: TableVerdict, table: ManagedTable): TableVerdictBody {
  return {
    ...verdict,
    figures: { ...verdict.figures },
    until: verdict.until ?? null,
    processId: openProcessId(table) ?? null,
    needed: table.evaluation?.needed ?? null,
    evaluatedAt: table.evaluatedAt ?? null,
    finding: table.evaluation?.finding.text ?? null,
  }
}
