import type { Schema } from '@moraine/iceberg/schema/schema'
import type { ViewMetadata, ViewVersion } from '@moraine/iceberg/view/view-metadata'
import type { ViewRequirement, ViewUpdate } from '@moraine/iceberg/view/view-update'
import type { Page } from './page.ts'
import type { Namespace, TableIdentifier } from './table-identifier.ts'

/** A view as a catalog gives it out: the metadata and the file it was read from. */
export type LoadedView = {
  readonly identifier: TableIdentifier
  readonly metadata: ViewMetadata
  readonly metadataLocation: string
}

/** How a commit ended, as the outcome of a commit to a table does. */
export type ViewCommitOutcome =
  | { readonly kind: 'committed'; readonly view: LoadedView }
  | { readonly kind: 'conflict'; readonly reason: string; readonly raced?: true }
  | { readonly kind: 'unknown'; readonly cause: Error }

export type ViewCommit = {
  readonly requirements: readonly ViewRequirement[]
  readonly updates: readonly ViewUpdate[]
}

export type CreateView = {
  readonly schema: Schema
  /** Its ids do not count. */
  readonly version: ViewVersion
  /** Chosen by the catalog if absent. */
  readonly location?: string
  readonly properties?: Readonly<Record<string, string>>
}

/**
 * The views of a catalog. They share their names with its tables, and are renamed and dropped as those are; a name that
 * a table has is `not-found` here.
 */
export interface CatalogViews {
  listViews(namespace: Namespace, page?: string, signal?: AbortSignal): Promise<Page<TableIdentifier>>
  createView(identifier: TableIdentifier, view: CreateView, signal?: AbortSignal): Promise<LoadedView>
  registerView(identifier: TableIdentifier, metadataLocation: string, signal?: AbortSignal): Promise<LoadedView>
  loadView(identifier: TableIdentifier, signal?: AbortSignal): Promise<LoadedView>
  /** The current metadata file; `undefined` if there is no such view. */
  findViewLocation(identifier: TableIdentifier, signal?: AbortSignal): Promise<string | undefined>
  /** Applies all updates if all requirements hold, else nothing. */
  commitView(identifier: TableIdentifier, commit: ViewCommit, signal?: AbortSignal): Promise<ViewCommitOutcome>
  dropView(identifier: TableIdentifier, signal?: AbortSignal): Promise<void>
  renameView(from: TableIdentifier, to: TableIdentifier, signal?: AbortSignal): Promise<void>
}
