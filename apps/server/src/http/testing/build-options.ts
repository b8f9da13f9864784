import type { TableInspection } from '@moraine/management/table-work/table-inspection'
import { T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { VERSION } from '@moraine/stdx/version'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { openAuthenticator } from '../../access/authenticator.ts'
import { findAmong } from '../../catalogs/testing/build-opened.ts'
import { buildRegistry } from '../../catalogs/testing/build-registry.ts'
import { BUILT_IN_CONTAINERS } from '../../config/container-config.ts'
import { SILENT_LOG } from '../../service/log.ts'
import { countingProcesses } from '../ended-processes.ts'
import type { HttpServerOptions } from '../http-server.ts'

const never = async () => {
  throw new MoraineError('unsupported', 'not asked here')
}

type Parts = Partial<Omit<HttpServerOptions, 'inspection'>> & { readonly inspection?: Partial<TableInspection> }

/** A server over empty stores, without catalogs, but for the parts that are given. */
export function buildOptions({ inspection, stores = memoryStores(), ...parts }: Parts = {}): HttpServerOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    stores,
    findCatalog: findAmong({}),
    listing: { listDatabases: never, listTables: never },
    inspection: {
      describe: never,
      listSnapshots: never,
      listSnapshotFiles: never,
      listOperations: never,
      listPartitions: never,
      checkRequest: never,
      listPartitionFiles: never,
      explainPartitions: never,
      listRefs: never,
      ...inspection,
    },
    facts: { version: { version: VERSION, commitTime: '' }, isLeader: () => true },
    registry: buildRegistry(stores).registry,
    hooks: {},
    authenticator: openAuthenticator(),
    blockerTimeoutMs: 60_000,
    heartbeatTimeoutMs: 60_000,
    breaksQuota: true,
    onHoldEnded: () => {},
    onGroupChanged: () => {},
    containers: BUILT_IN_CONTAINERS,
    registration: async () => ({ url: 'thrift://127.0.0.1:1261', groupSecret: undefined }),
    ended: countingProcesses(stores.state).ended,
    lastRuns: () => ({ planner: { at: T0, elapsedMs: 2, failure: undefined }, reaper: undefined }),
    outages: () => [],
    isWithheld: () => false,
    clock: virtualClock(T0),
    random: systemRandom,
    secretKey: systemRandom.bytes(32),
    log: SILENT_LOG,
    ...parts,
  }
}
