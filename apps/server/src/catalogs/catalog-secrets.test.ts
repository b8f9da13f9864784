import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import { seededRandom } from '@moraine/stdx/random'
import { memoryStores } from '@moraine/testkit/memory-stores/memory-stores'
import { secretVault } from '../secrets/secret-vault.ts'
import { SILENT_LOG } from '../service/log.ts'
import {
  isSecret,
  MASK,
  maskCatalog,
  redact,
  sealCatalog,
  sealPlainCatalogs,
  unsealCatalog,
} from './catalog-secrets.ts'

const random = seededRandom(3)
const vault = secretVault(random.bytes(32), random)
const PLAIN: PlainCatalog = {
  name: 'far',
  type: 'jdbc',
  properties: { uri: 'jdbc:postgresql://me:hunt%65r2@h:5432/db', warehouse: 's3://b', 'jdbc.password': 'hunter3' },
  storageConfig: { 'storage.type': 'S3', 'hive.site': 'aHVudGVyNA==' },
  authConfig: { 'auth.type': 'ak/sk', 'auth.ak_sk.access_key': 'hunter5', 'auth.ak_sk.secret_key': 'hunter6' },
}

test('secrets are told by name, by being a file, and by an address with a password', () => {
  for (const [key, value] of [
    ['s3.secret-access-key', 'x'],
    ['hive.site', 'x'],
    ['uri', 'https://me:x@h/'],
    ['uri', 'postgresql://h/db?user=me&password=x'],
    ['uri', 'jdbc:mysql://h/db?sslPassword=x'],
    ['uri', 'http://h/x?apikey=x'],
    ['uri', 'http://token@h/x'],
    ['warehouse', 's3://key:x@bucket/wh'],
    ['table.s3.token', 'x'],
  ] as const) {
    assert.equal(isSecret(key, value), true, `${key}=${value}`)
  }
  for (const [key, value] of [
    ['warehouse', 'abfss://container@account.dfs.core.windows.net/lake'],
    ['uri', 'thrift://a:9083,thrift://b:9083'],
    ['uri', 'http://h:8181/api?warehouse=a'],
    ['table.self-optimizing.group', 'default'],
  ] as const) {
    assert.equal(isSecret(key, value), false, `${key}=${value}`)
  }
})

test('a sealed catalog has no secret in the clear, and opens as what it was', () => {
  const sealed = sealCatalog(PLAIN, vault)
  assert.doesNotMatch(JSON.stringify(sealed), /hunt|aHVudGVy/)
  assert.deepEqual(sealed.properties, { warehouse: 's3://b' })
  assert.deepEqual(unsealCatalog(sealed, vault), PLAIN)
  assert.deepEqual(maskCatalog(sealed).authConfig, {
    'auth.type': 'ak/sk',
    'auth.ak_sk.access_key': '********',
    'auth.ak_sk.secret_key': '********',
  })
  assert.throws(() => unsealCatalog({ ...sealed, name: 'near' }, vault), /is not as it was stored/)
})

test('what an earlier version stored in the clear is sealed once, and what is sealed stays', async () => {
  const { catalogs } = memoryStores()
  const { name, type, properties } = PLAIN
  await catalogs.saveCatalog({ name, type, properties })
  await catalogs.saveCatalog({ name: 'lake', type: 'ams', properties: { warehouse: '/lake' } })
  await sealPlainCatalogs(catalogs, vault, SILENT_LOG)
  const once = await catalogs.listCatalogs()
  assert.doesNotMatch(JSON.stringify(once), /hunt/)
  assert.deepEqual(once[1], { name: 'lake', type: 'ams', properties: { warehouse: '/lake' }, version: 2 })
  await sealPlainCatalogs(catalogs, vault, SILENT_LOG)
  assert.deepEqual(await catalogs.listCatalogs(), once)
  const far = await catalogs.findCatalog('far')
  assert.deepEqual(far && unsealCatalog(far, vault).properties, properties)
})

test('headers of requests are secrets, whatever they are called, and sealed where they were not', async () => {
  const { catalogs } = memoryStores()
  const properties = { uri: 'http://h/', 'header.X-Tenant': 'hunter7', 'jdbc.pwd': 'hunter8', 'obs.sk': 'hunter9' }
  await catalogs.saveCatalog({ name: 'far', type: 'rest', properties })
  await sealPlainCatalogs(catalogs, vault, SILENT_LOG)
  const far = await catalogs.findCatalog('far')
  assert.ok(far)
  assert.deepEqual(far.properties, { uri: 'http://h/' })
  const shown = maskCatalog(far).properties
  assert.deepEqual(shown, { uri: 'http://h/', ...Object.fromEntries(NAMES.map((name) => [name, MASK])) })
  assert.deepEqual(unsealCatalog(far, vault).properties, properties)
})

const NAMES = ['header.X-Tenant', 'jdbc.pwd', 'obs.sk']

test('no secret stays in a text, however it is written', () => {
  const text = 'login hunter3 as hunt%65r2 (hunter2) failed: jdbc:postgresql://me:hunt%65r2@h:5432/db on s3://b'
  assert.equal(redact(text, PLAIN), 'login ******** as ******** (********) failed: ******** on s3://b')
})
