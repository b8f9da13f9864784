import type { EpochMs } from '@moraine/stdx/brand'
import type { Page } from './page.ts'
import type { TableIdentifier } from './table-identifier.ts'

/** A table or view that was dropped and can be had back until `purgeAt`. */
export type DroppedTable = {
  readonly dropId: string
  readonly kind: 'table' | 'view'
  readonly identifier: TableIdentifier
  readonly metadataLocation: string
  readonly droppedAt: EpochMs
  readonly purgeAt: EpochMs
  /** Whether its files go then; otherwise it is just forgotten. */
  readonly purgesFiles: boolean
}

/** What a catalog keeps of dropped tables and views. */
export interface DroppedTables {
  /** Drops a table; `not-found` if there is none. `purge` asks that its files go when it cannot be had back any more. */
  dropTable(
    identifier: TableIdentifier,
    options: { readonly purge: boolean },
    signal?: AbortSignal,
  ): Promise<DroppedTable>
  /** The last dropped first. */
  listDropped(page?: string): Promise<Page<DroppedTable>>
  /**
   * Ends its time: nobody can have it back any more, and it is purged soon. `files` says whether its files go, whatever the
   * drop said; of a view none do.
   *
   * @param judge looks at what is to be purged before it is, and refuses by throwing
   */
  purgeNow(
    dropId: string,
    options: { readonly files?: boolean },
    judge?: (dropped: DroppedTable) => void,
  ): Promise<DroppedTable>
  /**
   * Gives it its name again, or another one; `already-exists` if that is taken.
   *
   * @param judge as of {@link DroppedTables.purgeNow}
   */
  restoreDropped(dropId: string, as?: TableIdentifier, judge?: (dropped: DroppedTable) => void): Promise<DroppedTable>
}
