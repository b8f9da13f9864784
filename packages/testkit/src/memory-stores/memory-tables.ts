import type { TablePointers } from '@moraine/catalogs/internal/table-pointers'
import type { TableId } from '@moraine/lifecycle/identity'
import { TABLE_ACTIVITIES, tableActivity } from '@moraine/lifecycle/table-phase'
import type { CatalogStore } from '@moraine/management/catalogs/managed-catalog'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { databaseName, type TableName } from '@moraine/management/records/table-name'
import type { PhaseCount, TablePageQuery, TableQuery, TableStore } from '@moraine/management/records/table-store'
import { buildTable } from '@moraine/management/testing/build'
import type { MemoryState } from './memory-state.ts'

/** @param own where catalogs of the service's own keep their pointers */
export function memoryTables({ tables, clocks }: MemoryState, own: OwnPointers): TableStore {
  let lastId = 0
  const findByName = (name: TableName) => [...tables.values()].find((table) => sameName(table.name, name))
  const listTables = async (query: TableQuery) =>
    [...tables.values()]
      .filter((table) => matches(table, query))
      .sort((a, b) => a.tableId - b.tableId)
      .slice(0, query.limit)
  return {
    async addTable(table) {
      const existing = findByName(table.name)
      if (existing !== undefined) return existing
      lastId += 1
      const state = { phase: 'idle', since: table.createdAt } as const
      const added = buildTable({ ...table, tableId: lastId as TableId, state })
      tables.set(added.tableId, added)
      return added
    },
    async findTable(tableId) {
      return tables.get(tableId)
    },
    async findTableByName(name) {
      return findByName(name)
    },
    async listNamed(names) {
      const found = new Set(names.flatMap((name) => findByName(name) ?? []))
      return [...found].sort((a, b) => a.tableId - b.tableId).map(({ tableId, name }) => ({ tableId, name }))
    },
    async listPointed(tableIds) {
      const found = [...new Set(tableIds)].sort((a, b) => a - b).flatMap((tableId) => tables.get(tableId) ?? [])
      return Promise.all(found.map(async (table) => ({ table, ownLocation: await ownLocation(own, table.name) })))
    },
    listTables,
    listTableNames: async (query) => (await listTables(query)).map(({ tableId, name }) => ({ tableId, name })),
    async listPending(query) {
      const pending = await listTables({ ...query, phases: ['pending'] })
      return pending.map(
        ({ tableId, name, version, settings, state, optimizedAt, plannedAt, backOff, request, pause }) => ({
          ...{ tableId, name, version, settings, state, optimizedAt, plannedAt, backOff, request, pause },
        }),
      )
    },
    async pageTables(query) {
      const found = [...tables.values()].filter((table) => isAsked(table, query)).sort(ORDERS[query.order])
      return { tables: found.slice(query.offset, query.offset + query.limit), total: found.length }
    },
    async countPhases() {
      const counts = new Map<string, PhaseCount>()
      for (const { settings, state } of tables.values()) {
        const key = JSON.stringify([settings.group, state.phase])
        const before = counts.get(key)?.tables ?? 0
        counts.set(key, { group: settings.group, phase: state.phase, tables: before + 1 })
      }
      return [...counts.values()]
    },
    async listClocks(tableId) {
      return clocks.get(tableId) ?? new Map()
    },
  }
}

export type OwnPointers = {
  readonly catalogs: Pick<CatalogStore, 'findCatalog'>
  readonly pointers: Pick<TablePointers, 'findPointer'>
}

async function ownLocation({ catalogs, pointers }: OwnPointers, { catalog, namespace, name }: TableName) {
  if ((await catalogs.findCatalog(catalog))?.type !== 'ams') return undefined
  const pointer = await pointers.findPointer(catalog, namespace, name)
  return pointer?.kind === 'table' ? pointer.metadataLocation : undefined
}

function matches({ tableId, name, settings, state, evaluation, request }: ManagedTable, query: TableQuery): boolean {
  const { metadata } = query
  return (
    (metadata === undefined ||
      (metadata === 'unknown'
        ? evaluation === undefined
        : metadata.contains.some((text) => evaluation?.metadataLocation.includes(text) === true))) &&
    tableId > (query.after ?? 0) &&
    (query.catalog === undefined || query.catalog === name.catalog) &&
    (query.tableUuid === undefined || query.tableUuid === evaluation?.tableUuid) &&
    query.outside?.includes(name.catalog) !== true &&
    (query.group === undefined || query.group === settings.group) &&
    (query.isRequested === undefined || request !== undefined) &&
    (query.phases === undefined || query.phases.includes(state.phase))
  )
}

function isAsked({ name, settings, state }: ManagedTable, query: TablePageQuery): boolean {
  return (
    (query.group === undefined || query.group === settings.group) &&
    databaseName(name.namespace).includes(query.databaseContains ?? '') &&
    name.name.includes(query.nameContains ?? '') &&
    (query.activities === undefined || query.activities.includes(tableActivity(state)))
  )
}

const ORDERS: Readonly<Record<TablePageQuery['order'], (a: ManagedTable, b: ManagedTable) => number>> = {
  found: (a, b) => a.tableId - b.tableId,
  busiest: (a, b) => rank(a) - rank(b) || b.state.since - a.state.since || a.tableId - b.tableId,
}

function rank({ state }: ManagedTable): number {
  return TABLE_ACTIVITIES.indexOf(tableActivity(state))
}

export function sameName(a: TableName, b: TableName): boolean {
  return a.catalog === b.catalog && a.name === b.name && JSON.stringify(a.namespace) === JSON.stringify(b.namespace)
}
