import type { TableMetadata } from '@moraine/iceberg/metadata/table-metadata'
import type { TableRequirement } from '@moraine/iceberg/metadata/table-requirement'
import type { TableUpdate, UnboundPartitionSpec } from '@moraine/iceberg/metadata/table-update'
import type { Schema } from '@moraine/iceberg/schema/schema'
import type { SortOrder } from '@moraine/iceberg/sort/sort-order'
import type { Namespace, TableIdentifier } from './table-identifier.ts'

/** A table as a catalog gives it out: the metadata and the file it was read from. */
export type LoadedTable = {
  readonly identifier: TableIdentifier
  readonly metadata: TableMetadata
  readonly metadataLocation: string
}

/**
 * How a commit ended. `unknown`: the catalog may or may not have applied it, and the only right reaction is to load the
 * table and look for what was to be committed.
 */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly table: LoadedTable }
  | { readonly kind: 'conflict'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly cause: Error }

export type TableCommit = {
  readonly requirements: readonly TableRequirement[]
  readonly updates: readonly TableUpdate[]
}

export type CreateTable = {
  readonly schema: Schema
  readonly partitionSpec?: UnboundPartitionSpec
  readonly sortOrder?: SortOrder
  /** Chosen by the catalog if absent. */
  readonly location?: string
  readonly properties?: Readonly<Record<string, string>>
}

/**
 * Where tables are found and commits become visible. Failures are `MoraineError`s: `not-found` and `already-exists`
 * name the namespace or table; `unsupported` says what this kind of catalog cannot do. Lists come in pages of bounded
 * size; an absent `nextPage` ends them.
 */
export interface Catalog {
  readonly name: string

  listNamespaces(parent: Namespace, page?: string, signal?: AbortSignal): Promise<Page<Namespace>>
  createNamespace(
    namespace: Namespace,
    properties?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<void>
  /** Refuses, as `conflict`, while the namespace holds tables or namespaces. */
  dropNamespace(namespace: Namespace, signal?: AbortSignal): Promise<void>
  loadNamespace(namespace: Namespace, signal?: AbortSignal): Promise<Readonly<Record<string, string>>>

  listTables(namespace: Namespace, page?: string, signal?: AbortSignal): Promise<Page<TableIdentifier>>
  loadTable(identifier: TableIdentifier, signal?: AbortSignal): Promise<LoadedTable>
  /** The current metadata file, by the cheapest means there is; `undefined` if there is no such table. */
  findMetadataLocation(identifier: TableIdentifier, signal?: AbortSignal): Promise<string | undefined>
  createTable(identifier: TableIdentifier, table: CreateTable, signal?: AbortSignal): Promise<LoadedTable>
  registerTable(identifier: TableIdentifier, metadataLocation: string, signal?: AbortSignal): Promise<LoadedTable>
  /** Forgets the table; its files stay. */
  dropTable(identifier: TableIdentifier, signal?: AbortSignal): Promise<void>
  renameTable(from: TableIdentifier, to: TableIdentifier, signal?: AbortSignal): Promise<void>
  /** Applies all updates if all requirements hold, else nothing. */
  commitTable(identifier: TableIdentifier, commit: TableCommit, signal?: AbortSignal): Promise<CommitOutcome>
}

export type Page<T> = { readonly items: readonly T[]; readonly nextPage?: string }
