import type { CommitOutcome } from '../catalog.ts'

/** How one commit of several ended. */
export type CommitSettlement =
  | { readonly kind: 'settled'; readonly outcome: CommitOutcome }
  | { readonly kind: 'failed'; readonly error: unknown }
