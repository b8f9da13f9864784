import type { AccessSettings } from '../access/compose-access.ts'
import type { OptimizingSettings } from '../optimizing/compose-optimizing.ts'
import { type ConfigValues, resolveConfig } from './read-config.ts'

/** What the service's parts are told, but for its ports and its directory. */
export type ServiceSettings = OptimizingSettings & {
  /** How long what is dropped from catalogs of the service can be had back. */
  readonly dropRetentionMs: number
  readonly access: AccessSettings
  /** Empty: as the rest of the service, or this machine's own. */
  readonly thriftHost: string
}

export function serviceSettings(values: ConfigValues): ServiceSettings {
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
    dropRetentionMs: values.dropRetentionMs,
    thriftHost: values.thriftHost,
    access: {
      mode: values.authentication,
      administrator:
        values.adminPassword === '' ? undefined : { name: values.adminUsername, password: values.adminPassword },
    },
    history: {
      keepMs: values.historyKeepMs,
      intervalMs: values.historyIntervalMs,
      reportKeepMs: values.reportKeepMs,
    },
  }
}

/** What holds where nothing is configured. */
export const DEFAULT_SETTINGS: ServiceSettings = serviceSettings(resolveConfig(new Map()).values)
