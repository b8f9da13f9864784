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
  /** Until it ends, by the clock of the store: that of the servers may differ by minutes. */
  readonly remainingMs: number
}

/** @property ttlMs how long it lives unless it is renewed */
export type BlockRequest = Omit<Blocker, 'remainingMs'> & { readonly ttlMs: number }

export type BlockOutcome =
  | { readonly kind: 'added'; readonly blocker: Blocker }
  /** A blocker that lives forbids one of the operations to others. */
  | { readonly kind: 'refused'; readonly by: Blocker }

/** Blockers by table. Those whose time is over are as good as gone; the store alone says whose is. */
export interface BlockerStore {
  /** Of two that ask at once for one operation, one is refused. */
  addBlocker(request: BlockRequest): Promise<BlockOutcome>
  /** From now on it lives for `ttlMs`; `undefined` if it is not there any more. */
  renewBlocker(tableId: TableId, blockerId: string, ttlMs: number): Promise<Blocker | undefined>
  /** Whether it was there. */
  removeBlocker(tableId: TableId, blockerId: string): Promise<boolean>
  /** Those that live, oldest first; of one table if named. */
  listBlockers(tableId?: TableId): Promise<readonly Blocker[]>
}
