import type { KeepSettings } from '@moraine/management/resources/keep-resources'
import type { DatabaseSettings } from '@moraine/persistence/open-database'
import type { AccessSettings } from '../access/compose-access.ts'
import { BUILT_IN_CONTAINERS, type ContainerConfig } from './container-config.ts'
import { databaseSettings } from './database-settings.ts'
import { type HaSettings, haSettings } from './ha-settings.ts'
import { type OptimizerTlsSettings, optimizerTlsSettings } from './optimizer-tls-settings.ts'
import type { OptimizingSettings } from './optimizing-settings.ts'
import { type ConfigValues, resolveConfig } from './read-config.ts'

/** What the service's parts are told, but for its ports and its directory. */
export type ServiceSettings = OptimizingSettings & {
  /** How long what is dropped from catalogs of the service can be had back. */
  readonly dropRetentionMs: number
  /** How long a lease on a table lives unless it is renewed. */
  readonly blockerTimeoutMs: number
  readonly access: AccessSettings
  /** Proxies that are believed where requests come from: addresses and networks. */
  readonly trustedProxies: readonly string[]
  readonly database: DatabaseSettings
  /** By which optimizers are launched, those that are built in included. */
  readonly containers: readonly ContainerConfig[]
  readonly resources: KeepSettings
  /** Threads that read tables; `undefined`: as many as are to spare. */
  readonly readingThreads: number | undefined
  /** Empty: as the rest of the service, or this machine's own. */
  readonly thriftHost: string
  readonly tableService: TableServiceSettings
  /** `undefined` where the port for optimizers is without TLS. */
  readonly optimizerTls: OptimizerTlsSettings | undefined
  /** By what others reach this machine; empty: by the address it listens on, or its name. */
  readonly exposedHost: string
  /** How several servers share the database; `undefined` where one is alone. */
  readonly ha: HaSettings | undefined
}

export type TableServiceSettings = {
  /** Empty: as the rest of the service. */
  readonly host: string
  /** 0 takes any free one; `undefined` where nobody has asked for one. */
  readonly port: number | undefined
  /** Whether whoever reaches it may use it, whatever is asked elsewhere. */
  readonly isOpen: boolean
}

export function serviceSettings(
  values: ConfigValues,
  containers: readonly ContainerConfig[] = BUILT_IN_CONTAINERS,
): ServiceSettings {
  const { heartbeatTimeoutMs, ackTimeoutMs, executeTimeoutMs } = values
  return {
    deadlines: { heartbeatTimeoutMs, ackTimeoutMs, executeTimeoutMs },
    refresh: {
      shortestMs: values.refreshShortestMs,
      longestMs: values.refreshLongestMs,
      stepMs: values.refreshStepMs,
      parallelism: values.refreshParallelism,
    },
    readingThreads: values.readingThreads,
    planningParallelism: values.planningParallelism,
    commitParallelism: values.commitParallelism,
    pollTimeoutMs: values.pollTimeoutMs,
    breaksQuota: values.breaksQuota,
    exploreIntervalMs: values.exploreIntervalMs,
    dropRetentionMs: values.dropRetentionMs,
    blockerTimeoutMs: values.blockerTimeoutMs,
    thriftHost: values.thriftHost,
    tableService: {
      host: values.tableServiceHost,
      port: values.tableServicePort,
      isOpen: values.tableServiceOpen,
    },
    optimizerTls: optimizerTlsSettings(values),
    exposedHost: values.exposedHost,
    database: databaseSettings(values),
    containers,
    resources: { registrationTimeoutMs: REGISTRATION_TIMEOUT_MS, drainTimeoutMs: values.drainTimeoutMs },
    ha: haSettings(values),
    access: {
      mode: values.authentication,
      administrator:
        values.adminPassword === '' ? undefined : { name: values.adminUsername, password: values.adminPassword },
    },
    trustedProxies: values.trustedProxies,
    history: {
      keepMs: values.historyKeepMs,
      intervalMs: values.historyIntervalMs,
      reportKeepMs: values.reportKeepMs,
    },
  }
}

/** As in Amoro, where it cannot be set either. */
const REGISTRATION_TIMEOUT_MS = 3 * 60_000

/** What holds where nothing is configured. */
export const DEFAULT_SETTINGS: ServiceSettings = serviceSettings(resolveConfig(new Map()).values)
