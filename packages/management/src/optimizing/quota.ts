/**
 * How many threads of its group a table may use at once: `self-optimizing.quota` above 1 is a number of threads, up to
 * 1 it is a share of the group's threads, rounded up.
 */
export function quotaThreads(quota: number, groupThreads: number): number {
  return quota > 1 ? Math.floor(quota) : Math.ceil(quota * groupThreads)
}

/** Attempts of the last hour count against a table when the next one to plan is chosen (Amoro's window). */
export const QUOTA_WINDOW_MS = 3_600_000

/** The share of its quota that a table used in the window: 1 is all of it. */
export function quotaOccupation(usedMs: number, quota: number, groupThreads: number): number {
  return usedMs / QUOTA_WINDOW_MS / Math.max(1, quotaThreads(quota, Math.max(1, groupThreads)))
}
