import { after } from 'node:test'
import { tableMetastore } from '@moraine/api/thrift/table-metastore'
import { internalCatalog } from '@moraine/catalogs/internal/internal-catalog'
import type { ManagedCatalog } from '@moraine/management/catalogs/managed-catalog'
import { T0 } from '@moraine/management/testing/build'
import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { emptyState } from '@moraine/testkit/memory-stores/memory-state'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { virtualClock } from '@moraine/testkit/virtual-clock'
import type { CallFailure } from '@moraine/thrift/call-failure'
import { thriftClient } from '@moraine/thrift/client'
import { ThriftConnection } from '@moraine/thrift/connection'
import { startThriftServer } from '@moraine/thrift/server'
import { catalogListing } from '../../catalogs/catalog-listing.ts'
import { buildOpened, findAmong } from '../../catalogs/testing/build-opened.ts'
import { buildHttpServer } from '../../http/http-server.ts'
import { buildOptions } from '../../http/testing/build-options.ts'
import { tableMetastoreHandlers } from '../table-metastore-handlers.ts'

export const REST_URI = 'http://lake.example:1630/api/iceberg/rest'

const cleanups: (() => Promise<void>)[] = []
after(async () => {
  for (const cleanup of cleanups) await cleanup()
})

/** The table service behind a real socket, and the API beside it, over the catalog `Lake` and those that are added. */
export async function serveTables(others: readonly ManagedCatalog[] = []) {
  const clock = virtualClock(T0)
  const random = seededRandom(3)
  const stores = memoryStores(emptyState(), clock)
  for (const each of [LAKE, ...others]) await stores.catalogs.saveCatalog(each)
  const lake = internalCatalog({
    ...{ name: 'Lake', warehouse: 's3://lake', io: memoryFileIO(), clock, random, onLeftover: () => undefined },
    ...{ pointers: stores.pointers, drops: { pointers: stores.drops, retentionMs: 1000 } },
  })
  const findCatalog = Object.assign(findAmong({ Lake: buildOpened(lake) }), { forget() {}, close: async () => {} })
  let ended = 0
  const onHoldEnded = () => {
    ended += 1
  }
  const common = { stores, findCatalog, listing: catalogListing(findCatalog), clock, random, onHoldEnded }
  const failures: CallFailure[] = []
  const server = await startThriftServer({
    host: '127.0.0.1',
    port: 0,
    services: [tableMetastoreHandlers({ ...common, restUri: () => REST_URI, blockerTimeoutMs: 60_000 })],
    clock: systemClock,
    onFailure: (failure) => failures.push(failure),
  })
  const connection = new ThriftConnection({ host: '127.0.0.1', port: server.port, clock: systemClock })
  cleanups.push(async () => {
    await connection.close()
    await server.stop(0)
  })
  const api = await buildHttpServer(buildOptions(common))
  const ask = async (method: 'GET' | 'POST' | 'DELETE', path: string, payload?: object) => {
    const answer = await api.inject({ method, url: `/api/ams/v1${path}`, ...(payload && { payload }) })
    const { code, result, message } = answer.json()
    return { status: code, result, message }
  }
  const client = thriftClient(tableMetastore, connection)
  return { stores, lake, clock, client, port: server.port, ask, failures, ended: () => ended }
}

const LAKE: ManagedCatalog = {
  name: 'Lake',
  type: 'ams',
  properties: { warehouse: 's3://lake', 'table-formats': 'ICEBERG' },
}
