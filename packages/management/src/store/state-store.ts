import type { StateChange } from './state-change.ts'

/** The one way state changes. Its transaction is the unit of every decision. */
export interface StateStore {
  apply(changes: readonly StateChange[]): Promise<ApplyOutcome>
}

/** `lost`: somebody else changed the thing first; nothing was written. Load again and decide again. */
export type ApplyOutcome = { readonly kind: 'applied' } | { readonly kind: 'lost'; readonly change: StateChange }
