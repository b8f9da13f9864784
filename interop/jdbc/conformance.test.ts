import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { jdbcText } from '@moraine/catalogs/jdbc/jdbc-database'
import { jdbcSettings } from '@moraine/catalogs/jdbc/jdbc-settings'
import { openJdbcDatabase } from '@moraine/catalogs/jdbc/open-jdbc-database'
import { JDBC_TRAITS, jdbcCatalogUnderTest } from '@moraine/catalogs/jdbc/testing/jdbc-under-test'
import { systemClock } from '@moraine/stdx/clock'
import { isKind } from '@moraine/stdx/error'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { SALES_ORDERS_TABLE } from '@moraine/testkit/conformance/catalog-samples'
import type { CatalogUnderTest } from '@moraine/testkit/conformance/catalog-under-test'
import { memoryFileIO } from '@moraine/testkit/memory-file-io'
import { startCuttingProxy } from './cutting-proxy.ts'
import { type DatabaseKind, type DatabaseServer, startDatabaseServer } from './database-server.ts'

// The conformance suite over real servers: two clients with pools of their own, one of which loses connections.

const name = `conformance-${process.pid}`
const kinds: readonly DatabaseKind[] = ['postgres', 'mariadb']
const servers = kinds.map((kind) => [kind, startDatabaseServer(kind, name)] as const)
after(() => {
  for (const [, started] of servers) if (started.kind === 'started') started.engine.stop()
})

for (const [kind, started] of servers) {
  if (started.kind === 'unavailable') {
    test(`JDBC catalog in ${kind}`, (context) => context.skip(started.why))
    continue
  }
  const server = started.engine
  const v1 = { ...server.properties, 'jdbc.schema-version': 'V1' }
  const fresh = (properties: Readonly<Record<string, string>>) => () => openFresh(server, properties)
  catalogConformance(`JDBC catalog in ${kind}`, { ...JDBC_TRAITS, fillsPages: true }, fresh(v1))
  const strict = { ...JDBC_TRAITS, views: false, impliedNamespaces: false }
  catalogConformance(
    `strict V0 catalog in ${kind}`,
    strict,
    fresh({ ...server.properties, 'jdbc.strict-mode': 'true' }),
  )

  test(`${kind}: a wrong password is refused without being told`, async () => {
    const wrong = { ...v1, 'jdbc.password': 'not-the-secret' }
    const database = openJdbcDatabase(jdbcSettings({ ...wrong, warehouse: 's3://b' }).server, systemClock)
    await assert.rejects(jdbcCatalogUnderTest(database, wrong, memoryFileIO()), (error) => {
      assert.ok(isKind(error, 'permission'), String(error))
      assert.ok(!JSON.stringify([error.message, error.cause]).includes('not-the-secret'))
      return true
    })
    await database.close()
  })

  test(`${kind}: that commits can be made is seen without one, and that they cannot as well`, async () => {
    const { catalog, close } = await fresh(v1)()
    const identifier = { namespace: ['n'], name: 'orders' }
    const { metadataLocation } = await catalog.createTable(identifier, SALES_ORDERS_TABLE)
    assert.match((await catalog.probeCommit?.(identifier)) ?? '', /an update that fits none was made/)
    assert.equal(await catalog.findMetadataLocation(identifier), metadataLocation)
    await close()
    // The owner of a database of MariaDB may not make users.
    if (kind === 'mariadb') return
    const reader = 'reader'
    await run(server, `CREATE USER ${reader} PASSWORD 'r'`)
    for (const table of ['iceberg_tables', 'iceberg_namespace_properties']) {
      await run(server, `GRANT SELECT ON ${table} TO ${reader}`)
    }
    const reading = { ...v1, 'jdbc.user': reader, 'jdbc.password': 'r' }
    const database = openJdbcDatabase(jdbcSettings({ ...reading, warehouse: 's3://b' }).server, systemClock)
    const readOnly = await jdbcCatalogUnderTest(database, reading, memoryFileIO())
    await assert.rejects(
      async () => readOnly.probeCommit?.(identifier),
      (error) => isKind(error, 'permission'),
    )
    await readOnly.close()
  })

  test(`${kind}: names that differ in case or trailing blanks are kept apart, or refused`, async () => {
    for (const collation of kind === 'mariadb' ? ['utf8mb4_bin', 'utf8mb4_general_ci'] : ['default']) {
      const change = `ALTER TABLE iceberg_tables CONVERT TO CHARACTER SET utf8mb4 COLLATE ${collation}`
      const { catalog, close } = await fresh(v1)()
      if (collation !== 'default') await run(server, change)
      const create = (table: string) => catalog.createTable({ namespace: ['n'], name: table }, SALES_ORDERS_TABLE)
      const first = await create('orders')
      for (const other of ['Orders', 'orders ']) {
        const identifier = { namespace: ['n'], name: other }
        await assert.rejects(catalog.loadTable(identifier), (error) => isKind(error, 'not-found'))
        await assert.rejects(catalog.dropTable(identifier), (error) => isKind(error, 'not-found'))
        const created = await create(other).catch((error: unknown) => error)
        if (isKind(created, 'already-exists')) continue
        assert.notEqual((await catalog.loadTable(identifier)).metadata.tableUuid, first.metadata.tableUuid)
      }
      assert.deepEqual(await catalog.loadTable(first.identifier), first)
      await close()
    }
  })
}

/** Two clients of an empty database; the connections of the first can be cut. */
async function openFresh(
  server: DatabaseServer,
  properties: Readonly<Record<string, string>>,
): Promise<CatalogUnderTest> {
  await run(server, 'DROP TABLE IF EXISTS iceberg_tables', 'DROP TABLE IF EXISTS iceberg_namespace_properties')
  const port = /:(\d+)\//.exec(properties['uri'] ?? '')?.[1] ?? ''
  const proxy = await startCuttingProxy(Number(port))
  const io = memoryFileIO()
  const open = (throughPort: string) => {
    const uri = (properties['uri'] ?? '').replace(`:${port}/`, `:${throughPort}/`)
    const settings = jdbcSettings({ ...properties, uri, warehouse: 's3://b/wh' })
    return jdbcCatalogUnderTest(openJdbcDatabase(settings.server, systemClock), properties, io)
  }
  const catalog = await open(String(proxy.port))
  const other = await open(port)
  return {
    catalog,
    other,
    io,
    scratch: 's3://b/scratch',
    loseNextAnswer: () => proxy.cutNext('answer'),
    loseNextRequest: () => proxy.cutNext('request'),
    async close() {
      await Promise.all([catalog.close(), other.close()])
      await proxy.close()
    },
  }
}

async function run({ properties }: DatabaseServer, ...statements: readonly string[]): Promise<void> {
  const { server } = jdbcSettings({ ...properties, warehouse: 's3://b' })
  const database = openJdbcDatabase(server, systemClock)
  for (const sql of statements) await database.execute(jdbcText(sql))
  await database.close()
}
