import { T0 } from '@moraine/management/testing/build'
import { MoraineError } from '@moraine/stdx/error'
import { systemRandom } from '@moraine/stdx/random'
import { VERSION } from '@moraine/stdx/version'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import { buildRegistry } from '../../catalogs/testing/build-registry.ts'
import { SILENT_LOG } from '../../service/log.ts'
import type { HttpServerOptions } from '../http-server.ts'

const never = async () => {
  throw new MoraineError('unsupported', 'not asked here')
}

/** A server over empty stores, without catalogs, but for the parts that are given. */
export function buildOptions(parts: Partial<HttpServerOptions> = {}): HttpServerOptions {
  return {
    host: '127.0.0.1',
    port: 0,
    stores: memoryStores(),
    openCatalog: never,
    listing: { listDatabases: never, listTables: never },
    inspection: {
      describe: never,
      listSnapshots: never,
      listSnapshotFiles: never,
      listOperations: never,
      listPartitions: never,
      listPartitionFiles: never,
      listRefs: never,
    },
    facts: { version: { version: VERSION, commitTime: '' }, isLeader: () => true },
    catalogs: async () => undefined,
    registry: buildRegistry(memoryStores()).registry,
    hooks: {},
    lastRuns: () => ({ planner: { at: T0, elapsedMs: 2, failure: undefined }, reaper: undefined }),
    clock: virtualClock(T0),
    random: systemRandom,
    log: SILENT_LOG,
    ...parts,
  }
}
