import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { HIVE_TRAITS, withPlainNamespaces } from '@moraine/catalogs/hive/testing/conformance-view'
import { startLossyProxy } from '@moraine/catalogs/hive/testing/lossy-proxy'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { createSalesOrders } from '@moraine/testkit/conformance/catalog-samples'
import { type HiveMetastore, startHive, stopHive } from '../lab/hive.ts'
import { connectToHive, dropDatabases, heldLocks, io, openHive } from './metastore-tools.ts'

// The conformance suite over real metastores: Hive's own servers, 3 with Derby and 4 with PostgreSQL, their lock managers, and
// in version 4 the comparison of pointers that makes locks unnecessary.

// Of all signs Hive 3 takes one in the names of tables.
const { refusedNamespaces = [] } = HIVE_TRAITS
const HIVE_3_TRAITS = { ...HIVE_TRAITS, refusedNames: refusedNamespaces.filter((each) => each !== 'slash/ed') }

const VARIANTS = [
  { title: 'Hive metastore 3', version: 3, traits: HIVE_3_TRAITS, properties: {} },
  { title: 'Hive metastore 4', version: 4, traits: HIVE_TRAITS, properties: {} },
  {
    title: 'Hive metastore 4 without locks',
    version: 4,
    traits: HIVE_TRAITS,
    properties: { 'engine.hive.lock-enabled': 'false' },
  },
] as const

const started = new Map(([3, 4] as const).map((version) => [version, startHive(nameOf(version), version)]))
after(() => {
  for (const version of started.keys()) stopHive(nameOf(version))
})

for (const { title, version, traits, properties } of VARIANTS) {
  const hive = started.get(version)
  if (hive?.kind === 'started') await conformance(title, traits, hive.engine, properties)
  else test(title, (context) => context.skip(hive?.why))
}

function nameOf(version: number): string {
  return `conformance-${version}-${process.pid}`
}

async function conformance(
  title: string,
  traits: typeof HIVE_TRAITS,
  { uri, warehouse }: HiveMetastore,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const metastore = connectToHive(uri)
  const proxy = await startLossyProxy(Number(new URL(uri).port))
  const directory = warehouse.replace(/^file:/, '')
  after(() => Promise.all([proxy.close(), metastore.close()]))
  catalogConformance(title, traits, async () => {
    const run = mkdtempSync(`${directory}/run-`)
    const open = (through: string) => {
      const waits = { 'iceberg.hive.lock-check-min-wait-ms': '5', 'iceberg.hive.lock-check-max-wait-ms': '100' }
      return withPlainNamespaces(openHive({ uri: through, warehouse: `file:${run}`, ...waits, ...properties }))
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
  test(`${title}: that commits can be made is seen without one`, async () => {
    const run = mkdtempSync(`${directory}/run-`)
    const catalog = openHive({ uri, warehouse: `file:${run}`, ...properties })
    const { identifier, metadataLocation } = await createSalesOrders({ catalog })
    assert.match((await catalog.probeCommit?.(identifier)) ?? '', /was refused, as it must be/)
    assert.equal(await catalog.findMetadataLocation(identifier), metadataLocation)
    await catalog.close?.()
    assert.deepEqual(await heldLocks(metastore), [])
    await dropDatabases(metastore)
    rmSync(run, { recursive: true, force: true })
  })
}
