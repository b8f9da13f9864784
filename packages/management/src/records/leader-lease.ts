import type { Fence } from '@moraine/catalogs/fence'

/**
 * A post that at most one server holds at a time, as a row of the database. Only the clock of the database counts.
 *
 * The epoch rises whenever the holder is another than before, and never falls: it tells the writes of one holder from those
 * of the next.
 */
export type Lease = {
  readonly name: string
  /** `undefined`: the last one released it. */
  readonly holder: string | undefined
  readonly epoch: number
  /** Until others may take it; 0 or less if they may now. */
  readonly remainingMs: number
  /** How the holder is reached, as it told itself. */
  readonly address: LeaderAddress
}

export type LeaderAddress = Readonly<Record<string, string | number>>

export type LeaseRequest = {
  readonly name: string
  /** Another at each start of a process: what an earlier one left behind is not its to write. */
  readonly holder: string
  readonly ttlMs: number
  readonly address: LeaderAddress
}

export type LeaseOutcome =
  | { readonly kind: 'held'; readonly lease: Lease }
  /** By another, for the time that the lease says. */
  | { readonly kind: 'taken'; readonly lease: Lease }

/**
 * A holder counts its time from before it asked, by its own monotonic clock: an answer may have been long on its way.
 * Whatever throws `unavailable` or `timeout` may have been done; asking again settles it.
 */
export interface LeaderLeases {
  /**
   * Takes the lease if nobody has it, its time is over, or it is the holder's already, whose time then begins anew. Waits
   * for writes under the fence of the one before.
   */
  acquire(request: LeaseRequest): Promise<LeaseOutcome>
  /** The time of the holder begins anew, even if it was over and nobody came; `undefined` if somebody did. */
  renew(request: LeaseRequest & { readonly epoch: number }): Promise<Lease | undefined>
  /** Others may take it at once. Whether it was held. */
  release(fence: Fence): Promise<boolean>
  /** `undefined` if nobody ever held it. */
  read(name: string): Promise<Lease | undefined>
  /** Those with names that begin with `prefix`, in order of name, also such that are over or released. */
  list(prefix: string): Promise<readonly Lease[]>
}
