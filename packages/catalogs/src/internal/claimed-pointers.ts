import type { RequestClaim } from '../request-claim.ts'
import type { DroppedPointers } from './dropped-pointers.ts'
import type { TablePointers } from './table-pointers.ts'

/**
 * The pointers and drops of a store as they are under claims: each change is made only while all of them hold, which it is
 * told in the same transaction. No pause between the two lets another server's claim in.
 *
 * Reads are as they were.
 *
 * @param lost what a change throws that is not made, such as `claimLost`
 */
export type UnderClaims = (claims: readonly RequestClaim[], lost: () => Error) => ClaimedPointers

export type ClaimedPointers = { readonly pointers: TablePointers; readonly drops: DroppedPointers }
