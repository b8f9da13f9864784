import type { Fence } from '@moraine/catalogs/fence'
import type { StateChange } from './state-change.ts'

/** The one way state changes. Its transaction is the unit of every decision. */
export interface StateStore {
  /**
   * A change whose answer was lost (`unavailable`, `timeout`) may have been made: whoever makes it again loses then, and
   * sees it when it loads.
   *
   * @param fence holds until the transaction has ended: nobody leads in between
   */
  apply(changes: readonly StateChange[], fence?: Fence): Promise<ApplyOutcome>
}

/**
 * - `lost`: somebody else changed the thing first; nothing was written. Load again and decide again.
 * - `deposed`: another server leads, or may soon; nothing was written, nor will be under this fence.
 */
export type ApplyOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'lost'; readonly change: StateChange }
  | { readonly kind: 'deposed' }
