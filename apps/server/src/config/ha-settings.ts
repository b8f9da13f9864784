import { MoraineError } from '@moraine/stdx/error'
import type { ConfigValues } from './read-config.ts'

export type ZooKeeperSettings = {
  readonly address: string
  readonly cluster: string
  readonly sessionTimeoutMs: number
  readonly connectionTimeoutMs: number
}

/** For how long the post is taken at a time, and how often it is taken anew. */
export type PostTiming = { readonly ttlMs: number; readonly heartbeatMs: number }

export type HaSettings = {
  readonly timing: PostTiming
  /** Where ZooKeeper has a say. */
  readonly zookeeper: ZooKeeperSettings | undefined
}

/** @throws {MoraineError} `invalid-input` naming the setting that is missing, or does not go with the others */
export function haSettings(values: ConfigValues): HaSettings | undefined {
  if (!values.haEnabled) return undefined
  if (values.databaseType === 'sqlite') {
    throw invalid(
      'ha.enabled is true and database.type is sqlite, a file that one server has to itself: set database.type and database.url of a server that all can reach',
    )
  }
  const { haLeaseMs: ttlMs, haHeartbeatMs: heartbeatMs } = values
  if (2 * heartbeatMs > ttlMs) {
    throw invalid(
      `ha.heartbeat-interval (${heartbeatMs} ms) is more than half of ha.lease-ttl (${ttlMs} ms): one heartbeat that is late would end a term`,
    )
  }
  return { timing: { ttlMs, heartbeatMs }, zookeeper: values.haType === 'zk' ? zookeeperSettings(values) : undefined }
}

function zookeeperSettings(values: ConfigValues): ZooKeeperSettings {
  if (values.haZookeeperAddress === '')
    throw invalid('setting ha.zookeeper-address is empty: it has to be set where ha.type is zk')
  return {
    address: values.haZookeeperAddress,
    cluster: values.haClusterName,
    sessionTimeoutMs: values.haSessionMs,
    connectionTimeoutMs: values.haConnectionMs,
  }
}

function invalid(message: string): MoraineError {
  return new MoraineError('invalid-input', message)
}
