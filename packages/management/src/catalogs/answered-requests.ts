import type { EpochMs } from '@moraine/stdx/brand'

/** The final answer to a request that carried an idempotency key. */
export type AnsweredRequest = {
  /** Of the key and of whom it belongs to. */
  readonly keyHash: string
  /** Of the request: another one with the same key is a mistake. */
  readonly requestHash: string
  readonly status: number
  /** What is needed to give the answer again. */
  readonly content: string
  readonly expiresAt: EpochMs
}

/** A server's word that it answers the request with a key: until then no other does. */
export type KeyClaim = Pick<AnsweredRequest, 'keyHash' | 'requestHash' | 'expiresAt'> & {
  /** Which server; never empty, and up to 64 characters. */
  readonly holder: string
}

/** Whose a key is, to whoever claims it. `at-work`: another server answers the request that has the hash. */
export type KeyState =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'at-work'; readonly requestHash: string }
  | { readonly kind: 'answered'; readonly answer: AnsweredRequest }

/** A key is nobody's, claimed by one server, or answered; what has expired counts as nobody's. */
export interface AnsweredRequestStore {
  /** Claims a key that is nobody's; for whoever claims it already, the claim ends anew. */
  claimKey(claim: KeyClaim, now: EpochMs): Promise<KeyState>
  /** Puts the end of a claim off. `false`: it is no longer the holder's. */
  renewClaim(keyHash: string, holder: string, expiresAt: EpochMs): Promise<boolean>
  /** Keeps the answer in the place of the holder's claim. `false`: the claim is no longer theirs, and nothing was kept. */
  saveAnswer(answer: AnsweredRequest, holder: string): Promise<boolean>
  /** Ends a claim without an answer, if it is still the holder's. */
  releaseKey(keyHash: string, holder: string): Promise<void>
  /** Removes up to `limit` answers and claims that have expired; how many there were. */
  removeExpired(now: EpochMs, limit: number): Promise<number>
}
