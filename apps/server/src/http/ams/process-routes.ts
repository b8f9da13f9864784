import { page, pageQuery, stringMap } from '@moraine/api/rest/envelope'
import {
  cancelResult,
  optimizingProcess,
  processesQuery,
  processParams,
  processTypesQuery,
  taskEntry,
} from '@moraine/api/rest/process-schemas'
import { tableParams } from '@moraine/api/rest/table-schemas'
import { AMORO_PROCESS_STATUS, AMORO_PROCESS_TYPE } from '@moraine/lifecycle/amoro-words'
import type { ProcessId } from '@moraine/lifecycle/identity'
import type { OptimizingType } from '@moraine/lifecycle/optimizing-type'
import type { ProcessStatus } from '@moraine/lifecycle/process-status'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import type { OptimizingProcess } from '@moraine/management/records/optimizing-process'
import { NO_TASKS } from '@moraine/management/records/process-store'
import type { Stores } from '@moraine/management/store/stores'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { Type } from 'typebox'
import { findTable } from '../../catalogs/find-table.ts'
import { cancelProcess } from '../../changes/cancel-process.ts'
import { processBody, taskBody } from './process-body.ts'
import { type ApiServer, answers, pageOf, success } from './route-types.ts'
import { TABLE_PREFIX } from './table-routes.ts'

type ProcessRoutesDeps = { readonly stores: Stores; readonly clock: Clock }

const tags = ['optimizing']

export function processRoutes(server: ApiServer, deps: ProcessRoutesDeps): void {
  listRoutes(server, deps)
  taskRoutes(server, deps)
  cancelRoute(server, deps)
}

function listRoutes(server: ApiServer, { stores, clock }: ProcessRoutesDeps): void {
  server.get(
    `${TABLE_PREFIX}/process-types`,
    {
      schema: {
        tags,
        summary: 'Values for the type of processes',
        params: tableParams,
        querystring: processTypesQuery,
        response: answers(stringMap),
      },
    },
    async ({ query }) => {
      if (!isOptimizing(query.processCategory)) return success({})
      return success(Object.fromEntries(Object.entries(AMORO_PROCESS_TYPE).map(([type, word]) => [word, type])))
    },
  )
  server.get(
    `${TABLE_PREFIX}/optimizing-processes`,
    {
      schema: {
        tags,
        summary: 'Processes of a table, newest first',
        params: tableParams,
        querystring: processesQuery,
        response: answers(page(optimizingProcess)),
      },
    },
    async ({ params, query }) => {
      const table = await findTable(stores, params)
      if (!isOptimizing(query.processCategory)) return success({ list: [], total: 0 })
      const statuses = query.status === undefined ? undefined : statusesOf(query.status)
      const type = query.type === undefined ? undefined : typeOf(query.type)
      const { processes, total } = await stores.processes.listProcesses({
        tableId: table.tableId,
        ...pageOf(query),
        ...(statuses !== undefined && { statuses }),
        ...(type !== undefined && { type }),
      })
      const counts = await stores.tasks.countTasks(processes.map(({ processId }) => processId))
      const now = clock.now()
      const list = processes.map((one) => processBody(table, one, counts.get(one.processId) ?? NO_TASKS, now))
      return success({ list, total })
    },
  )
}

function taskRoutes(server: ApiServer, { stores, clock }: ProcessRoutesDeps): void {
  server.get(
    `${TABLE_PREFIX}/optimizing-processes/:processId/tasks`,
    {
      schema: {
        tags,
        summary: 'Tasks of a process, with their attempts',
        params: processParams,
        querystring: Type.Object(pageQuery),
        response: answers(page(taskEntry)),
      },
    },
    async ({ params, query }) => {
      const { processId, taskCount } = await findProcess(stores, await findTable(stores, params), params.processId)
      const tasks = await stores.tasks.pageTasks(processId, pageOf(query))
      const taskIds = tasks.map(({ taskId }) => taskId)
      const attempts = Map.groupBy(await stores.tasks.listAttempts(processId, taskIds), ({ taskId }) => taskId)
      const list = tasks.map((task) => taskBody(task, attempts.get(task.taskId) ?? [], clock.now()))
      return success({ list, total: taskCount })
    },
  )
}

function cancelRoute(server: ApiServer, { stores, clock }: ProcessRoutesDeps): void {
  server.post(
    `${TABLE_PREFIX}/optimizing-processes/:processId/cancel`,
    {
      schema: {
        tags,
        summary: 'Cancel a running process',
        description: 'Its running tasks are told to stop and their outputs are deleted. 409 if it is too late.',
        params: processParams,
        response: answers(cancelResult),
      },
    },
    async ({ params }) => {
      const { processId } = await findProcess(stores, await findTable(stores, params), params.processId)
      const answer = await cancelProcess(stores, clock, processId)
      if (answer === 'canceled' || answer === 'committing') return success({ state: answer })
      const why = answer === 'too-late' ? 'is being committed already' : 'has ended already'
      throw new MoraineError('conflict', `process ${processId} ${why}`)
    },
  )
}

async function findProcess(stores: Stores, table: ManagedTable, id: string): Promise<OptimizingProcess> {
  const process = await stores.processes.findProcess(id.padStart(19, '0') as ProcessId)
  if (process?.tableId !== table.tableId) throw new MoraineError('not-found', `the table has no process ${id}`)
  return process
}

/** Our statuses for a word of ours or of Amoro's. */
function statusesOf(word: string): readonly ProcessStatus[] {
  const wanted = word.toUpperCase()
  const all = Object.keys(AMORO_PROCESS_STATUS) as ProcessStatus[]
  const found = all.filter((status) => AMORO_PROCESS_STATUS[status] === wanted || status.toUpperCase() === wanted)
  if (found.length > 0) return found
  const known = new Set([...all, ...Object.values(AMORO_PROCESS_STATUS)])
  throw new MoraineError('invalid-input', `status '${word}' is none of ${[...known].join(', ')}`)
}

/** Amoro's other categories are taken, and have no processes here. */
function isOptimizing(category: string | undefined): boolean {
  const wanted = category?.toUpperCase() ?? 'OPTIMIZING'
  if (wanted === 'OPTIMIZING' || wanted === 'CLEANUP' || wanted === 'PROFILING') return wanted === 'OPTIMIZING'
  throw new MoraineError('invalid-input', `processCategory '${category}' is none of OPTIMIZING, CLEANUP, PROFILING`)
}

function typeOf(word: string): OptimizingType {
  const type = word.toLowerCase()
  if (type === 'minor' || type === 'major' || type === 'full') return type
  throw new MoraineError('invalid-input', `type '${word}' is none of MINOR, MAJOR, FULL`)
}
