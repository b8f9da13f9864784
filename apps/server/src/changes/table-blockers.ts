import type { Blocker, BlockRequest } from '@moraine/management/records/blocker'
import type { ManagedTable } from '@moraine/management/records/managed-table'
import { formatTableName } from '@moraine/management/records/table-name'
import type { Stores } from '@moraine/management/store/stores'
import { type EpochMs, later } from '@moraine/stdx/brand'
import type { Clock } from '@moraine/stdx/clock'
import { MoraineError } from '@moraine/stdx/error'
import { type Random, uuidV7 } from '@moraine/stdx/random'

export type TableBlockersDeps = {
  readonly stores: Pick<Stores, 'blockers'>
  /** `blocker.timeout` */
  readonly blockerTimeoutMs: number
  /** Whatever waited for a hold may go on. */
  readonly onHoldEnded: () => void
  readonly clock: Pick<Clock, 'now'>
  readonly random: Random
}

/** A blocker with the end of its time by the clock of this server, which is told what remains by that of the store. */
export type EndingBlocker = Blocker & { readonly expiresAt: EpochMs }

type BlockedTable = Pick<ManagedTable, 'tableId' | 'name'>

/** Leases on tables, as all interfaces give them. */
export type TableBlockers = {
  /** Those that live, oldest first. */
  list(table: BlockedTable): Promise<readonly EndingBlocker[]>
  /** @throws {MoraineError} `conflict` while another lease forbids one of the operations */
  block(table: BlockedTable, asked: Pick<BlockRequest, 'operations' | 'properties'>): Promise<EndingBlocker>
  /** @throws {MoraineError} `not-found` if it has ended */
  renew(table: BlockedTable, blockerId: string): Promise<EndingBlocker>
  /** Whether it was there. */
  release(table: BlockedTable, blockerId: string): Promise<boolean>
}

export function tableBlockers(deps: TableBlockersDeps): TableBlockers {
  const { stores, clock, random, blockerTimeoutMs } = deps
  const ending = (blocker: Blocker) => ({ ...blocker, expiresAt: later(clock.now(), blocker.remainingMs) })
  return {
    list: async ({ tableId }) => (await stores.blockers.listBlockers(tableId)).map(ending),
    async block({ tableId, name }, { operations, properties }) {
      const createdAt = clock.now()
      const blockerId = uuidV7(random, createdAt)
      const asked = { blockerId, tableId, operations, properties, createdAt, ttlMs: blockerTimeoutMs }
      const outcome = await stores.blockers.addBlocker(asked)
      if (outcome.kind === 'added') return ending(outcome.blocker)
      const { blockerId: other, operations: forbidden } = outcome.by
      const text = `table ${formatTableName(name)} is blocked for ${forbidden.join(' and ')} by lease ${other}`
      throw new MoraineError('conflict', `${text}; wait until it ends`)
    },
    async renew({ tableId }, blockerId) {
      const renewed = await stores.blockers.renewBlocker(tableId, blockerId, blockerTimeoutMs)
      if (renewed === undefined) throw new MoraineError('not-found', `lease ${blockerId} has ended; ask for another`)
      return ending(renewed)
    },
    async release({ tableId }, blockerId) {
      const wasThere = await stores.blockers.removeBlocker(tableId, blockerId)
      if (wasThere) deps.onHoldEnded()
      return wasThere
    },
  }
}
