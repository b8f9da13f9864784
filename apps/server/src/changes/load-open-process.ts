import type { ProcessId } from '@moraine/lifecycle/identity'
import type { OpenProcess } from '@moraine/management/optimizing/end-process'
import type { Stores } from '@moraine/management/store/stores'

/** A process with its table and tasks; `undefined` if it, or its table, is not there any more. */
export async function loadOpenProcess(
  { processes, tables, tasks }: Pick<Stores, 'processes' | 'tables' | 'tasks'>,
  processId: ProcessId,
): Promise<OpenProcess | undefined> {
  const process = await processes.findProcess(processId)
  const table = process && (await tables.findTable(process.tableId))
  if (process === undefined || table === undefined) return undefined
  return { process, table, tasks: await tasks.listTasks(processId) }
}
