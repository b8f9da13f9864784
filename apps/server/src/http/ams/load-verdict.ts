import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'
import { NO_TASKS } from '@moraine/management/optimizing/process-store'
import { activeThreads } from '@moraine/management/resources/optimizer'
import type { Stores } from '@moraine/management/store/stores'
import { type ManagedTable, openProcessId } from '@moraine/management/tables/managed-table'
import { explainTable } from '@moraine/management/tables/table-verdict'
import type { Clock } from '@moraine/stdx/clock'

/** Why a table is, or is not, being optimized, from the records as they are now. */
export async function loadVerdict(
  stores: Pick<Stores, 'processes' | 'tasks' | 'groups' | 'optimizers'>,
  table: ManagedTable,
  clock: Clock,
): Promise<TableVerdictBody> {
  const processId = openProcessId(table)
  const process = processId && (await stores.processes.findProcess(processId))
  const counts = process && (await stores.tasks.countTasks([process.processId]))
  const group = process?.group ?? table.settings.group
  const verdict = explainTable({
    table,
    open: process && { process, tasks: counts?.get(process.processId) ?? NO_TASKS },
    groupExists: (await stores.groups.findGroup(group)) !== undefined,
    groupThreads: activeThreads(await stores.optimizers.listLiveOptimizers(group)),
    now: clock.now(),
  })
  return {
    ...verdict,
    until: verdict.until ?? null,
    processId: processId ?? null,
    needed: table.evaluation?.needed ?? null,
    evaluatedAt: table.evaluatedAt ?? null,
    finding: table.evaluation?.finding.text ?? null,
  }
}
