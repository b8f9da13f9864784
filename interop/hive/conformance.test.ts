import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import { HIVE_TRAITS, withPlainNamespaces } from '@moraine/catalogs/hive/testing/conformance-view'
import { startLossyProxy } from '@moraine/catalogs/hive/testing/lossy-proxy'
import { isKind } from '@moraine/stdx/error'
import { catalogConformance } from '@moraine/testkit/conformance/catalog'
import { createSalesOrders } from '@moraine/testkit/conformance/catalog-samples'
import { type HiveMetastore, startHive, stopHive } from '../lab/hive.ts'
import { connectToHive, dropDatabases, heldLocks, io, openHive } from './metastore-tools.ts'

// The conformance suite over real metastores: Hive's own servers, 3 with Derby and 4 with PostgreSQL, their lock managers, and
// in version 4 the comparison of pointers that makes locks unnecessary.

// Of all signs Hive 3 takes one in the names of tables.
const { refusedNamespaces = [] } = HIVE_TRAITS
const HIVE_3_TRAITS = { ...HIVE_TRAITS, refusedNames: refusedNamespaces.filter((each) => each !== 'slash/ed') }

const name = `conformance-${process.pid}`
const [hive3, hive4, plain, kerberos] = [
  startHive(`${name}-3`, 3),
  startHive(`${name}-4`, 4),
  startHive(`${name}-plain`, 4, 'plain'),
  startHive(`${name}-kerberos`, 4, 'kerberos'),
]
after(() => {
  for (const server of ['3', '4', 'plain', 'kerberos']) stopHive(`${name}-${server}`)
})

const unlocked = { 'engine.hive.lock-enabled': 'false' }
const VARIANTS = [
  { title: 'Hive metastore 3', hive: hive3, traits: HIVE_3_TRAITS, properties: {} },
  { title: 'Hive metastore 4', hive: hive4, traits: HIVE_TRAITS, properties: {} },
  { title: 'Hive metastore 4 without locks', hive: hive4, traits: HIVE_TRAITS, properties: unlocked },
  { title: 'Hive metastore 4 with a password', hive: plain, traits: HIVE_TRAITS, properties: {} },
  { title: 'Hive metastore 4 with Kerberos', hive: kerberos, traits: HIVE_TRAITS, properties: {} },
] as const

for (const { title, hive, traits, properties } of VARIANTS) {
  if (hive.kind === 'started') await conformance(title, traits, hive.engine, properties)
  else test(title, (context) => context.skip(hive.why))
}

test('a metastore that asks for a password tells nobody anything without it', async (context) => {
  if (plain.kind === 'unavailable') return context.skip(plain.why)
  const ask = (changed: Readonly<Record<string, string>>) => listNamespaces({ ...plain.engine, ...changed })
  assert.deepEqual((await ask({})).items, [['default']])
  await assert.rejects(ask({ 'hive.metastore.client.plain.password': 'not-the-secret' }), (error) => {
    assert.ok(isKind(error, 'permission'), String(error))
    assert.match(error.message, /127\.0\.0\.1:\d+ refuses user lab: /)
    assert.ok(!inspect(error, { depth: 9 }).includes('not-the-secret'))
    return true
  })
  await assert.rejects(ask({ 'hive.metastore.client.auth.mode': 'NOSASL' }), (error) => isKind(error, 'unavailable'))
})

test('a metastore with Kerberos takes its own tokens, and no others', async (context) => {
  if (kerberos.kind === 'unavailable') return context.skip(kerberos.why)
  const { uri, warehouse, 'hive.metastore.delegation-token': token = '' } = kerberos.engine
  const ask = (given: string) => listNamespaces({ uri, warehouse, 'hive.metastore.delegation-token': given })
  assert.deepEqual((await ask(token)).items, [['default']])
  const bytes = Buffer.from(token, 'base64url')
  const [passwordAt, serialAt] = [bytes.indexOf('HIVE_') - 3, bytes[0] ?? 0]
  for (const at of [passwordAt, serialAt]) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    await assert.rejects(ask(changed.toString('base64url')), (error) => {
      assert.ok(isKind(error, 'permission'), String(error))
      assert.match(error.message, /refuses the delegation token of lab, which lasts until \d{4}-.*: DIGEST-MD5: /)
      return true
    })
  }
})

async function listNamespaces(properties: Readonly<Record<string, string>>) {
  const catalog = openHive(properties)
  try {
    return await catalog.listNamespaces([])
  } finally {
    await catalog.close()
  }
}

async function conformance(
  title: string,
  traits: typeof HIVE_TRAITS,
  hive: HiveMetastore,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const { uri, warehouse } = hive
  const metastore = connectToHive(hive)
  const proxy = await startLossyProxy(Number(new URL(uri).port))
  const directory = warehouse.replace(/^file:/, '')
  after(() => Promise.all([proxy.close(), metastore.close()]))
  catalogConformance(title, traits, async () => {
    const run = mkdtempSync(`${directory}/run-`)
    const open = (through: string) => {
      const waits = { 'iceberg.hive.lock-check-min-wait-ms': '5', 'iceberg.hive.lock-check-max-wait-ms': '100' }
      return withPlainNamespaces(openHive({ ...hive, uri: through, warehouse: `file:${run}`, ...waits, ...properties }))
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
    const catalog = openHive({ ...hive, warehouse: `file:${run}`, ...properties })
    const { identifier, metadataLocation } = await createSalesOrders({ catalog })
    assert.match((await catalog.probeCommit?.(identifier)) ?? '', /was refused, as it must be/)
    assert.equal(await catalog.findMetadataLocation(identifier), metadataLocation)
    await catalog.close?.()
    assert.deepEqual(await heldLocks(metastore), [])
    await dropDatabases(metastore)
    rmSync(run, { recursive: true, force: true })
  })
}
