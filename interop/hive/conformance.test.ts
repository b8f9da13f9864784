import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { HIVE_TRAITS, withPlainNamespaces } from '@moraine/catalogs/hive/testing/conformance-view'
import { startLossyProxy } from '@moraine/catalogs/hive/testing/lossy-proxy'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { startHive, stopHive } from '../lab/hive.ts'
import { connectToHive, dropDatabases, heldLocks, io, openHive } from './metastore-tools.ts'

// The conformance suite over a real metastore: Hive's own server, its schema in Derby, and its lock manager.

// Of all signs Hive 3 takes one in the names of tables.
const { refusedNamespaces = [] } = HIVE_TRAITS
const HIVE_3_TRAITS = { ...HIVE_TRAITS, refusedNames: refusedNamespaces.filter((each) => each !== 'slash/ed') }

const name = `conformance-${process.pid}`
const started = startHive(name)

if (started.kind === 'unavailable') {
  test('conformance over a Hive metastore', (context) => context.skip(started.why))
} else {
  const { uri, warehouse } = started.engine
  const metastore = connectToHive(uri)
  const proxy = await startLossyProxy(Number(new URL(uri).port))
  const directory = warehouse.replace(/^file:/, '')
  after(async () => {
    await Promise.all([proxy.close(), metastore.close()])
    stopHive(name)
  })
  catalogConformance('Hive metastore 3', HIVE_3_TRAITS, async () => {
    const run = mkdtempSync(`${directory}/run-`)
    const open = (through: string) => {
      const waits = { 'iceberg.hive.lock-check-min-wait-ms': '5', 'iceberg.hive.lock-check-max-wait-ms': '100' }
      return withPlainNamespaces(openHive({ uri: through, warehouse: `file:${run}`, ...waits }))
    }
    const [catalog, other] = [open(`thrift://127.0.0.1:${proxy.port}`), open(uri)]
    return {
      catalog,
      other,
      io,
      scratch: `file:${run}/scratch`,
      loseNextAnswer: () => proxy.loseNextAnswer('alter_table_with_environment_context'),
      loseNextRequest: () => proxy.loseNextRequest('alter_table_with_environment_context'),
      async close() {
        await Promise.all([catalog.close(), other.close()])
        assert.deepEqual(await heldLocks(metastore), [])
        await dropDatabases(metastore)
        rmSync(run, { recursive: true, force: true })
      },
    }
  })
}
