import type { OptimizingSettings } from '../optimizing/compose-optimizing.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** Amoro's defaults, as its shipped configuration has them. */
export const DEFAULT_SETTINGS: OptimizingSettings = {
  deadlines: { heartbeatTimeoutMs: MINUTE_MS, ackTimeoutMs: 30_000, executeTimeoutMs: 60 * MINUTE_MS },
  refresh: { shortestMs: MINUTE_MS, longestMs: 10 * MINUTE_MS, stepMs: 30_000, parallelism: 10 },
  planningParallelism: 1,
  commitParallelism: 10,
  pollTimeoutMs: 3000,
  breakQuota: true,
  exploreIntervalMs: 3 * MINUTE_MS,
  history: { keepMs: 30 * DAY_MS, intervalMs: 60 * MINUTE_MS },
}
