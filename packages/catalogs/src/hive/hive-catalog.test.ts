import { systemClock } from '@moraine/stdx/clock'
import { seededRandom } from '@moraine/stdx/random'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { hiveCatalog } from './hive-catalog.ts'
import { HIVE_TRAITS, withPlainNamespaces } from './testing/conformance-view.ts'
import { startFakeMetastore } from './testing/fake-metastore.ts'
import { startLossyProxy } from './testing/lossy-proxy.ts'

type Open = Parameters<typeof catalogConformance>[2]

let seed = 0

/** A catalog whose calls may get lost, and another straight to the metastore. */
function openOn(properties: Readonly<Record<string, string>>, comparesPointers: boolean): Open {
  return async () => {
    const fake = await startFakeMetastore({ comparesPointers })
    const proxy = await startLossyProxy(fake.port)
    const io = memoryFileIO()
    const open = (port: number) => {
      seed += 1
      const uri = `thrift://127.0.0.1:${port}`
      return withPlainNamespaces(
        hiveCatalog({
          name: 'hive',
          properties: { uri, warehouse: 's3://b/wh', 'iceberg.hive.lock-check-min-wait-ms': '1', ...properties },
          io,
          clock: systemClock,
          random: seededRandom(seed),
          onLeftover: (error) => {
            throw error
          },
        }),
      )
    }
    const [catalog, other] = [open(proxy.port), open(fake.port)]
    return {
      catalog,
      other,
      io,
      scratch: 's3://b/scratch',
      loseNextAnswer: () => proxy.loseNextAnswer('alter_table_with_environment_context'),
      loseNextRequest: () => proxy.loseNextRequest('alter_table_with_environment_context'),
      async close() {
        await Promise.all([catalog.close(), other.close(), proxy.close()])
        await fake.stop()
        if (fake.locks.length > 0) throw new Error('locks were left behind')
      },
    }
  }
}

catalogConformance('Hive catalog with locks', { ...HIVE_TRAITS, fillsPages: true }, openOn({}, false))
catalogConformance('Hive catalog without locks', HIVE_TRAITS, openOn({ 'engine.hive.lock-enabled': 'false' }, true))
