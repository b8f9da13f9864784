import { page, pageQuery } from '@moraine/api/rest/envelope'
import { groupParams, groupTablesQuery, optimizerEntry } from '@moraine/api/rest/resource-schemas'
import { type ManagedTableBody, managedTable, type TableEntry, tableEntry } from '@moraine/api/rest/table-schemas'
import { AMORO_OPTIMIZER_STATUS, AMORO_TABLE_STATUS, amoroTableStatus } from '@moraine/lifecycle/amoro-words'
import type { TableId } from '@moraine/lifecycle/identity'
import { TABLE_ACTIVITIES, type TableActivity } from '@moraine/lifecycle/table-phase'
import { QUOTA_WINDOW_MS, quotaOccupation } from '@moraine/management/optimizing/quota'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { activeThreads, type Optimizer } from '@moraine/management/records/optimizer'
import { databaseName, formatTableName } from '@moraine/management/records/table-name'
import { runningAssignment } from '@moraine/management/records/task'
import { ALL_GROUPS } from '@moraine/management/resources/check-group'
import type { Stores } from '@moraine/management/store/stores'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { Type } from 'typebox'
import { liveOptimizers } from './group-routes.ts'
import { type ApiServer, answers, pageOf, success } from './route-types.ts'

type ResourceRoutesDeps = { readonly stores: Stores; readonly clock: Clock }

const tags = ['resources']

export function resourceRoutes(server: ApiServer, deps: ResourceRoutesDeps): void {
  optimizerRoutes(server, deps)
  groupTableRoutes(server, deps)
  managedTableRoute(server, deps)
}

function optimizerRoutes(server: ApiServer, { stores }: ResourceRoutesDeps): void {
  server.get(
    '/optimize/optimizerGroups/:group/optimizers',
    {
      schema: {
        tags,
        summary: 'Optimizers of a group that are alive',
        params: groupParams,
        response: answers(page(optimizerEntry)),
      },
    },
    async ({ params }) => {
      const optimizers = await liveOptimizers(stores, params.group)
      const assigned = await stores.tasks.listAssigned()
      const running = new Map<string, number>()
      for (const task of assigned) {
        const optimizerId = runningAssignment(task)?.optimizerId
        if (optimizerId !== undefined) running.set(optimizerId, (running.get(optimizerId) ?? 0) + 1)
      }
      const list = optimizers.map((optimizer) => optimizerBody(optimizer, running.get(optimizer.optimizerId) ?? 0))
      return success({ list, total: list.length })
    },
  )
}

function groupTableRoutes(server: ApiServer, { stores, clock }: ResourceRoutesDeps): void {
  server.get(
    '/optimize/actions',
    {
      schema: {
        tags,
        summary: 'Words for the status of tables, as filters take them',
        response: answers(Type.Array(Type.String())),
      },
    },
    async () => success(STATUS_WORDS),
  )
  server.get(
    '/optimize/optimizerGroups/:group/tables',
    {
      schema: {
        tags,
        summary: 'Tables of a group, the busiest first',
        params: groupParams,
        querystring: groupTablesQuery,
        response: answers(page(tableEntry)),
      },
    },
    async ({ params, query }) => {
      const { dbSearchInput, tableSearchInput } = query
      const actions = query.actions ?? query['actions[]']
      const { tables, total } = await stores.tables.pageTables({
        order: 'busiest',
        ...pageOf(query),
        ...(params.group !== ALL_GROUPS && { group: params.group }),
        ...(dbSearchInput !== undefined && { databaseContains: dbSearchInput }),
        ...(tableSearchInput !== undefined && { nameContains: tableSearchInput }),
        ...(actions !== undefined && { activities: activitiesOf([actions].flat()) }),
      })
      const now = clock.now()
      const usedMs = await stores.tasks.sumAttemptTime(later(now, -QUOTA_WINDOW_MS), now)
      const threads = await threadsByGroup(stores)
      const list = tables.map((table) => entryBody(table, usedMs, threads.get(table.settings.group) ?? 0, now))
      return success({ list, total })
    },
  )
}

function managedTableRoute(server: ApiServer, { stores }: ResourceRoutesDeps): void {
  server.get(
    '/moraine/tables',
    {
      schema: {
        tags,
        summary: 'Managed tables of all groups, in the order they were found',
        querystring: Type.Object(pageQuery),
        response: answers(page(managedTable)),
      },
    },
    async ({ query }) => {
      const { tables, total } = await stores.tables.pageTables({ order: 'found', ...pageOf(query) })
      return success({ list: tables.map(managedBody), total })
    },
  )
}

function managedBody({ tableId, name, state, evaluation }: ManagedTable): ManagedTableBody {
  const owned = state.phase === 'executing' || state.phase === 'committing' ? state : undefined
  return {
    tableId,
    catalog: name.catalog,
    database: databaseName(name.namespace),
    tableName: name.name,
    phase: state.phase,
    optimizingType: owned?.type ?? null,
    processId: owned?.processId ?? null,
    healthScore: evaluation?.health?.total ?? -1,
    fileCount: evaluation?.totals.dataFiles ?? 0,
  }
}

const STATUS_WORDS = TABLE_ACTIVITIES.map((activity) => AMORO_TABLE_STATUS[activity].display)

function activitiesOf(words: readonly string[]): readonly TableActivity[] {
  return TABLE_ACTIVITIES.filter((activity) => words.includes(AMORO_TABLE_STATUS[activity].display))
}

async function threadsByGroup({ optimizers }: Stores): Promise<ReadonlyMap<string, number>> {
  const byGroup = Map.groupBy(await optimizers.listLiveOptimizers(), ({ group }) => group)
  return new Map([...byGroup].map(([group, some]) => [group, activeThreads(some)]))
}

function entryBody(
  table: ManagedTable,
  usedMs: ReadonlyMap<TableId, number>,
  groupThreads: number,
  now: EpochMs,
): TableEntry {
  const { name, tableId, settings, evaluation, state, format } = table
  const identifier = { catalog: name.catalog, database: databaseName(name.namespace), tableName: name.name }
  return {
    tableIdentifier: { id: tableId, ...identifier, format, identifier },
    tableName: formatTableName(name),
    optimizeStatus: amoroTableStatus(state).display,
    duration: now - state.since,
    fileCount: evaluation?.totals.dataFiles ?? 0,
    fileSize: evaluation?.totals.dataBytes ?? 0,
    quota: settings.quota,
    quotaOccupation: quotaOccupation(usedMs.get(tableId) ?? 0, settings.quota, groupThreads),
    groupName: settings.group,
    healthScore: evaluation?.health?.total ?? -1,
  }
}

function optimizerBody(optimizer: Optimizer, runningTasks: number) {
  return {
    token: optimizer.optimizerId,
    startTime: optimizer.registeredAt,
    touchTime: optimizer.state.touchedAt,
    jobId: optimizer.resourceId,
    groupName: optimizer.group,
    coreNumber: optimizer.threads,
    memory: optimizer.memoryMb,
    jobStatus: AMORO_OPTIMIZER_STATUS[optimizer.state.status],
    runningTasks,
    container: optimizer.container,
  }
}
