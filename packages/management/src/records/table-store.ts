import type { TableId } from '@moraine/lifecycle/identity'
import type { TableActivity, TablePhase } from '@moraine/lifecycle/table-phase'
import type { OptimizingClocks } from '@moraine/maintenance/plan/evaluate-partition'
import type { ManagedTable, NewManagedTable, PendingTable } from './managed-table.ts'
import type { TableName } from './table-name.ts'

/** Reads managed tables. They change only through `StateStore.apply`, except for being added. */
export interface TableStore {
  /** Adds a table in phase idle, or finds the one of that name. */
  addTable(table: NewManagedTable): Promise<ManagedTable>
  findTable(tableId: TableId): Promise<ManagedTable | undefined>
  findTableByName(name: TableName): Promise<ManagedTable | undefined>
  /** Those of them that there are, in order of id, by one question for all. */
  listNamed(names: readonly TableName[]): Promise<readonly ListedName[]>
  /** Those of them that there are, in order of id, by one question for all. */
  listPointed(tableIds: readonly TableId[]): Promise<readonly LocatedTable[]>
  /** In order of id, those after `after`. */
  listTables(query: TableQuery): Promise<readonly ManagedTable[]>
  /** The same tables, of which nothing is read but what they are called. */
  listTableNames(query: TableQuery): Promise<readonly ListedName[]>
  /** In order of id, those after `after`: tables of a group that wait to be planned. */
  listPending(
    query: Pick<TableQuery, 'after' | 'limit' | 'outside' | 'isRequested'> & { readonly group: string },
  ): Promise<readonly PendingTable[]>
  /** One page of the tables that are asked for, and how many there are in all. */
  pageTables(query: TablePageQuery): Promise<TablePage>
  /** How many tables of each group are in each phase. */
  countPhases(): Promise<readonly PhaseCount[]>
  /** Clocks of the partitions that have been optimized at least once. */
  listClocks(tableId: TableId): Promise<ReadonlyMap<string, OptimizingClocks>>
}

/** A table, and the metadata file that is current if it lies in a catalog of the service's own. */
export type LocatedTable = {
  readonly table: ManagedTable
  /** `undefined` for tables of other catalogs, and for those that their catalog does not know. */
  readonly ownLocation: string | undefined
}

export type ListedName = Pick<ManagedTable, 'tableId' | 'name'>

export type TableQuery = {
  readonly after?: TableId
  readonly limit: number
  readonly catalog?: string
  /** As its last evaluation found it. */
  readonly tableUuid?: string
  /** Of any catalog but these. */
  readonly outside?: readonly string[]
  readonly group?: string
  readonly phases?: readonly TablePhase[]
  /** Those alone for which a person asked. */
  readonly isRequested?: true
  /** Texts of which one is in the location of the metadata file that was evaluated last; or those without an evaluation. */
  readonly metadata?: { readonly contains: readonly string[] } | 'unknown'
}

export type TablePageQuery = {
  /** `found`: in order of id. `busiest`: in order of `TABLE_ACTIVITIES`, then the latest change first, then by id. */
  readonly order: 'found' | 'busiest'
  readonly offset: number
  readonly limit: number
  readonly group?: string
  /** Text within the name of the table's database (`databaseName`), in the same letter case. */
  readonly databaseContains?: string
  readonly nameContains?: string
  readonly activities?: readonly TableActivity[]
}

export type TablePage = { readonly tables: readonly ManagedTable[]; readonly total: number }

export type PhaseCount = { readonly group: string; readonly phase: TablePhase; readonly tables: number }
