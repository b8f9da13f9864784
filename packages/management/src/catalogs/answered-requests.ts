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

export interface AnsweredRequestStore {
  findAnswer(keyHash: string, now: EpochMs): Promise<AnsweredRequest | undefined>
  /** Keeps the answer unless there is one that has not expired. */
  saveAnswer(answer: AnsweredRequest, now: EpochMs): Promise<void>
  /** Removes up to `limit` answers that have expired; how many there were. */
  removeExpired(now: EpochMs, limit: number): Promise<number>
}
