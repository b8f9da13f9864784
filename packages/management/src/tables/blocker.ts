import type { TableId } from '@moraine/lifecycle/identity'
import type { EpochMs } from '@moraine/stdx/brand'

/** What a blocker forbids others: `optimize` is ours, `batch-write` that of engines that write whole batches. */
export type BlockableOperation = 'optimize' | 'batch-write'

/** A lease of somebody who needs a table to be left alone. It ends by itself unless it is renewed. */
export type Blocker = {
  readonly blockerId: string
  readonly tableId: TableId
  readonly operations: readonly BlockableOperation[]
  /** As its owner gave them, to tell who it is. */
  readonly properties: Readonly<Record<string, string>>
  readonly createdAt: EpochMs
  readonly expiresAt: EpochMs
}

export type BlockOutcome =
  | { readonly kind: 'added' }
  /** A blocker that lives forbids one of the operations to others. */
  | { readonly kind: 'refused'; readonly by: Blocker }

/** Blockers by table. Those whose time is over are as good as gone. */
export interface BlockerStore {
  /** Of two that ask at once for one operation, one is refused. */
  addBlocker(blocker: Blocker, now: EpochMs): Promise<BlockOutcome>
  /** Moves its end; `undefined` if it is not there any more. */
  renewBlocker(tableId: TableId, blockerId: string, expiresAt: EpochMs, now: EpochMs): Promise<Blocker | undefined>
  /** Whether it was there. */
  removeBlocker(tableId: TableId, blockerId: string): Promise<boolean>
  /** Those that live, oldest first; of one table if named. */
  listBlockers(now: EpochMs, tableId?: TableId): Promise<readonly Blocker[]>
}
