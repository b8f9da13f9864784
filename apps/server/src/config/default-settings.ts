import type { OptimizingSettings } from '../optimizing/compose-optimizing.ts'
import { type ConfigValues, resolveConfig } from './read-config.ts'

/** The settings of the heart of the service. */
export function optimizingSettings(values: ConfigValues): OptimizingSettings {
  const { heartbeatTimeoutMs, ackTimeoutMs, executeTimeoutMs } = values
  return {
    deadlines: { heartbeatTimeoutMs, ackTimeoutMs, executeTimeoutMs },
    refresh: {
      shortestMs: values.refreshShortestMs,
      longestMs: values.refreshLongestMs,
      stepMs: values.refreshStepMs,
      parallelism: values.refreshParallelism,
    },
    planningParallelism: values.planningParallelism,
    commitParallelism: values.commitParallelism,
    pollTimeoutMs: values.pollTimeoutMs,
    breakQuota: values.breakQuota,
    exploreIntervalMs: values.exploreIntervalMs,
    history: { keepMs: values.historyKeepMs, intervalMs: values.historyIntervalMs },
  }
}

/** What holds where nothing is configured. */
export const DEFAULT_SETTINGS: OptimizingSettings = optimizingSettings(resolveConfig(new Map()).values)
