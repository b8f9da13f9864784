import type { OptimizingProcess } from '@moraine/management/records/optimizing-process'
import type { OpenProcessQuery, ProcessStore } from '@moraine/management/records/process-store'

const PAGE = 1000

/** All processes of one status, by pages, in order of id: however many wait for something, they hide none. */
export async function* openProcesses(
  processes: Pick<ProcessStore, 'listOpenProcesses'>,
  status: OpenProcessQuery['status'],
): AsyncGenerator<readonly OptimizingProcess[]> {
  for (let page = await processes.listOpenProcesses({ status, limit: PAGE }); ; ) {
    yield page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    page = await processes.listOpenProcesses({ status, limit: PAGE, after: last.processId })
  }
}
