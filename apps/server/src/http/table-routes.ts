import { NO_TASKS } from '@moraine/management/optimizing/process-store'
import { activeThreads } from '@moraine/management/resources/optimizer'
import type { Stores } from '@moraine/management/store/stores'
import { type ManagedTable, openProcessId } from '@moraine/management/tables/managed-table'
import type { TableName } from '@moraine/management/tables/table-name'
import { tableVerdict } from '@moraine/management/tables/table-verdict'
import type { Clock } from '@moraine/stdx/clock'
import { isKind, MoraineError } from '@moraine/stdx/error'
import type { FastifyInstance } from 'fastify'

export type TableRoutesDeps = {
  readonly stores: Stores
  readonly clock: Clock
}

type TableParams = { readonly catalog: string; readonly db: string; readonly table: string }

const PAGE_MAX = 500

/**
 * The first routes of Amoro's API: answers in its envelope, with the true HTTP status beside its `code`. Ids are text,
 * because a browser would round them.
 */
export async function tableRoutes(server: FastifyInstance, { stores, clock }: TableRoutesDeps): Promise<void> {
  server.setErrorHandler((error, _, reply) => {
    const status = isKind(error, 'not-found') ? 404 : isKind(error, 'invalid-input') ? 400 : 500
    const message = error instanceof Error ? error.message : String(error)
    return reply.status(status).send({ message, code: status, requestId: '' })
  })
  server.get('/catalogs', async () => {
    const catalogs = await stores.catalogs.listCatalogs()
    return success(catalogs.map(({ name, type }) => ({ catalogName: name, catalogType: type })))
  })
  server.get('/moraine/tables', async () => {
    const tables = await stores.tables.listTables({ limit: PAGE_MAX })
    return success({ list: tables.map(tableSummary), total: tables.length })
  })
  const prefix = '/tables/catalogs/:catalog/dbs/:db/tables/:table'
  server.get(`${prefix}/verdict`, async (request) => {
    const table = await findTable(stores, request.params as TableParams)
    return success(await verdictOf(stores, table, clock))
  })
  server.get(`${prefix}/optimizing-processes`, async (request) => {
    const table = await findTable(stores, request.params as TableParams)
    const { processes, total } = await stores.processes.listProcesses({
      tableId: table.tableId,
      offset: 0,
      limit: PAGE_MAX,
    })
    const list = processes.map((process) => ({
      processId: process.processId,
      tableId: process.tableId,
      optimizingType: process.type.toUpperCase(),
      startTime: process.createdAt,
      state: process.state,
      totalTasks: process.taskCount,
      inputFiles: { fileCnt: process.inputFiles, totalSize: process.inputBytes },
      outputFiles: { fileCnt: process.result?.outputFiles ?? 0, totalSize: process.result?.outputBytes ?? 0 },
    }))
    return success({ list, total })
  })
}

function success(result: unknown) {
  return { message: 'success', code: 200, result }
}

async function findTable(stores: Stores, { catalog, db, table }: TableParams): Promise<ManagedTable> {
  const name: TableName = { catalog, namespace: db.split('.'), name: table }
  const found = await stores.tables.findTableByName(name)
  if (found === undefined) throw new MoraineError('not-found', `there is no table ${catalog}.${db}.${table}`)
  return found
}

function tableSummary({ tableId, name, state, evaluation }: ManagedTable) {
  return {
    tableId,
    catalog: name.catalog,
    database: name.namespace.join('.'),
    tableName: name.name,
    phase: state.phase,
    healthScore: evaluation?.health?.total ?? -1,
    fileCount: evaluation?.totals.dataFiles ?? 0,
  }
}

async function verdictOf(stores: Stores, table: ManagedTable, clock: Clock) {
  const optimizers = await stores.optimizers.listLiveOptimizers(table.settings.group)
  const verdict = tableVerdict({
    table,
    open: await findOpen(stores, table),
    groupExists: (await stores.groups.findGroup(table.settings.group)) !== undefined,
    groupThreads: activeThreads(optimizers),
    now: clock.now(),
  })
  return { ...verdict, health: table.evaluation?.health ?? null, finding: table.evaluation?.finding ?? null }
}

async function findOpen({ processes, tasks }: Stores, table: ManagedTable) {
  const processId = openProcessId(table)
  const process = processId === undefined ? undefined : await processes.findProcess(processId)
  if (process === undefined) return undefined
  const counts = await tasks.countTasks([process.processId])
  return { process, tasks: counts.get(process.processId) ?? NO_TASKS }
}
