import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { TableRequirement } from '@moraine/iceberg/metadata/table-requirement'
import type { TableUpdate } from '@moraine/iceberg/metadata/table-update'
import type { UnboundPartitionSpec } from '@moraine/iceberg/partition/partition-spec'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { SortOrder } from '@moraine/iceberg/sort/sort-order'
import type { CatalogViews } from './catalog-views.ts'
import type { DroppedTables } from './dropped-tables.ts'
import type { Fence } from './fence.ts'
import type { Page } from './page.ts'
import type { RequestClaim } from './request-claim.ts'
import type { Namespace, TableIdentifier } from './table-identifier.ts'

/** A table as a catalog gives it out: the metadata and the file it was read from. */
export type LoadedTable = {
  readonly identifier: TableIdentifier
  readonly metadata: TableMetadata
  readonly metadataLocation: string
  /** Settings for reaching the table's files, credentials among them, if the catalog hands any out. Never to be logged. */
  readonly storageProperties?: Readonly<Record<string, string>>
}

/** How to reach the files of a table, as the catalog says it now. Never to be logged. */
export type StorageAccess = {
  /** Of the table. */
  readonly location: string
  /** Settings by the names of Iceberg's clients, credentials among them; none if the catalog says nothing. */
  readonly properties: Readonly<Record<string, string>>
}

/**
 * How a commit ended. `unknown`: the catalog may or may not have applied it, and the only right reaction is to load the
 * table and look for what was to be committed.
 */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly table: LoadedTable }
  /**
   * Nothing was applied. `raced`: all requirements held, but another commit came first; the same commit may succeed if
   * it is made again. Without it a requirement failed, or the catalog does not tell.
   */
  | { readonly kind: 'conflict'; readonly reason: string; readonly raced?: true }
  | { readonly kind: 'unknown'; readonly cause: Error }

export type TableCommit = {
  readonly requirements: readonly TableRequirement[]
  readonly updates: readonly TableUpdate[]
  /** Nothing is changed once it does not hold. Catalogs that keep their tables elsewhere than its lease cannot tell. */
  readonly fence?: Fence
  /** Likewise, of the request that it was asked for by. */
  readonly claim?: RequestClaim
}

export type TableChange = { readonly identifier: TableIdentifier; readonly commit: TableCommit }

/** How a transaction ended, as the outcome of one commit; all of its commits were made or none. */
export type TransactionOutcome =
  | { readonly kind: 'committed'; readonly tables: readonly LoadedTable[] }
  | { readonly kind: 'conflict'; readonly reason: string; readonly raced?: true }
  | { readonly kind: 'unknown'; readonly cause: Error }

export type CreateTable = {
  readonly schema: Schema
  readonly partitionSpec?: UnboundPartitionSpec
  readonly sortOrder?: SortOrder
  /** Chosen by the catalog if absent. */
  readonly location?: string
  readonly properties?: Readonly<Record<string, string>>
}

/** No key stands in both. */
export type NamespaceChange = {
  readonly set: Readonly<Record<string, string>>
  readonly remove: readonly string[]
}

/** What is needed to read one table and to commit to it. */
export interface CatalogTables {
  loadTable(identifier: TableIdentifier, signal?: AbortSignal): Promise<LoadedTable>
  /** The current metadata file, by the cheapest means there is; `undefined` if there is no such table. */
  findMetadataLocation(identifier: TableIdentifier, signal?: AbortSignal): Promise<string | undefined>
  /**
   * Applies all updates if all requirements hold, else nothing. A table that does not exist is created if
   * `assert-create` is among the requirements, and is `not-found` otherwise.
   */
  commitTable(identifier: TableIdentifier, commit: TableCommit, signal?: AbortSignal): Promise<CommitOutcome>
}

/** The names in which tables are. */
export interface CatalogNamespaces {
  listNamespaces(parent: Namespace, page?: string, signal?: AbortSignal): Promise<Page<Namespace>>
  createNamespace(
    namespace: Namespace,
    properties?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void>
  /** Refuses, as `conflict`, while the namespace holds tables or namespaces. */
  dropNamespace(namespace: Namespace, signal?: AbortSignal): Promise<void>
  loadNamespace(namespace: Namespace, signal?: AbortSignal): Promise<Readonly<Record<string, string>>>
  /** Returns the keys of `remove` that were not there. */
  updateNamespace(namespace: Namespace, change: NamespaceChange, signal?: AbortSignal): Promise<readonly string[]>
}

/** What can be done with tables, by their names. */
export interface CatalogTableOperations extends CatalogTables {
  /**
   * Asks how to reach a table's files. With what it said `before`, which must be of the same table, only what ends is
   * asked for again. Absent where this kind of catalog says nothing about it.
   */
  readonly loadStorage?: (
    identifier: TableIdentifier,
    before?: StorageAccess,
    signal?: AbortSignal,
  ) => Promise<StorageAccess>

  /** Makes commits to several tables, each at most once, or none of them. Absent where this kind of catalog cannot. */
  readonly commitTables?: (changes: readonly TableChange[], signal?: AbortSignal) => Promise<TransactionOutcome>

  listTables(namespace: Namespace, page?: string, signal?: AbortSignal): Promise<Page<TableIdentifier>>
  createTable(identifier: TableIdentifier, table: CreateTable, signal?: AbortSignal): Promise<LoadedTable>
  /**
   * The metadata `createTable` would begin with, location and uuid included; nothing is stored, but on disks there may be
   * folders for its files. Whoever wants to write files before the table exists commits it with `assert-create`.
   */
  stageTable(identifier: TableIdentifier, table: CreateTable, signal?: AbortSignal): Promise<TableMetadata>
  /**
   * @param judge refuses, by throwing, what was read of the file, before there is a table of it. Catalogs of other servers,
   *   which read it themselves, do not ask.
   */
  registerTable(
    identifier: TableIdentifier,
    metadataLocation: string,
    signal?: AbortSignal,
    judge?: (metadata: TableMetadata) => Promise<void>,
  ): Promise<LoadedTable>
  /**
   * As `registerTable`, also where there is a table of that name, whose place the registered one takes; its files stay. A
   * commit that comes at the same time is a `conflict`. Absent where this kind of catalog cannot.
   */
  readonly overwriteTable?: (
    identifier: TableIdentifier,
    metadataLocation: string,
    signal?: AbortSignal,
    judge?: (metadata: TableMetadata) => Promise<void>,
  ) => Promise<LoadedTable>
  /** Forgets the table; its files stay. */
  dropTable(identifier: TableIdentifier, signal?: AbortSignal): Promise<void>
  /** Drops the table and has its files removed, now or later. Absent where a catalog leaves files to others. */
  readonly purgeTable?: (identifier: TableIdentifier, signal?: AbortSignal) => Promise<void>
  renameTable(from: TableIdentifier, to: TableIdentifier, signal?: AbortSignal): Promise<void>
  /**
   * Goes the way of a commit to the table as far as nothing is changed by it, and says what was seen. Absent where commits
   * can be tried otherwise, or not at all.
   *
   * @throws {MoraineError} as a commit would
   */
  readonly probeCommit?: (identifier: TableIdentifier, signal?: AbortSignal) => Promise<string>
}

/**
 * Where tables are found and commits become visible. Failures are `MoraineError`s: `not-found` and `already-exists`
 * name the namespace or table; `unsupported` says what this kind of catalog cannot do. Lists come in pages of bounded
 * size; an absent `nextPage` ends them. A call whose signal has aborted before it is made does nothing and is
 * `aborted`.
 */
export interface Catalog extends CatalogNamespaces, CatalogTableOperations {
  readonly name: string
  /** Absent where this kind of catalog has none. */
  readonly views?: CatalogViews
  /** Absent where what is dropped is gone. */
  readonly dropped?: DroppedTables
  /** Why nothing is to be seen in it, as far as the catalog knows more of that than that it is empty. */
  readonly explainEmpty?: () => Promise<string | undefined>
  /** Lets connections and files go; nothing is asked of it after that. Absent where it has none. */
  readonly close?: () => Promise<void>
}
