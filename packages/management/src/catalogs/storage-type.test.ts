import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { type CatalogForm, catalogOfForm, checkCatalog } from './catalog-form.ts'
import { METASTORES, storagesOf } from './catalog-matrix.ts'
import { exactStorageOf, STORAGE_TYPES, STORAGES } from './storage-type.ts'

const ABFS = 'abfss://c@acc.dfs.core.windows.net/wh'

function check(form: Partial<CatalogForm> & { readonly warehouse?: string }) {
  const { warehouse = 'gs://b/wh', properties, ...rest } = form
  const catalog = catalogOfForm('far', { type: 'filesystem', ...rest, properties: { warehouse, ...properties } })
  checkCatalog(catalog)
  return catalog.storageConfig['storage.type']
}
const storage = (type: string, more = {}) => ({ storageConfig: { 'storage.type': type, ...more } })
const refuses = (form: Parameters<typeof check>[0], message: RegExp) =>
  assert.throws(
    () => check(form),
    (error) => isKind(error, 'invalid-input') && message.test(error.message),
    String(message),
  )

test('a warehouse of Azure or Google says its storage, where none is said', () => {
  for (const [warehouse, expected] of [
    ['gs://b/wh', 'GCS'],
    ['GS://b/wh', 'GCS'],
    [ABFS, 'ADLS'],
    ['wasb://c@acc.blob.core.windows.net/wh', 'ADLS'],
    ['s3://b/wh', 'Hadoop'],
    ['/lake', 'Hadoop'],
  ] as const) {
    assert.equal(check({ warehouse }), expected, warehouse)
  }
  assert.equal(check({ type: 'rest', warehouse: 'prod', properties: { uri: 'https://c' } }), 'Hadoop')
})

test('what is said of the storage is what the warehouse is', () => {
  for (const said of ['Hadoop', 'hdfs', 'S3', 'OSS', 'Local', 'ADLS'])
    refuses(storage(said), /^storageConfig.storage.type is \w+, and properties.warehouse is GCS's; say GCS$/)
  refuses({ ...storage('S3'), type: 'ams', warehouse: ABFS, tableFormatList: ['ICEBERG'] }, /say ADLS$/)
  for (const warehouse of ['s3://b/wh', '/lake', 'file:/lake', 'hdfs://nn/wh'])
    refuses({ ...storage('ADLS'), warehouse }, /^properties.warehouse: on ADLS storage it begins with abfs:\/\/, abfss/)
  assert.equal(check({ ...storage('gcs'), type: 'rest', warehouse: 'prod', properties: { uri: 'https://c' } }), 'GCS')
})

test('types of catalogs that have no word for it keep theirs', () => {
  const hive = { type: 'hive', tableFormatList: ['ICEBERG'], properties: { uri: 'thrift://a:9083' } }
  assert.equal(check({ ...hive }), 'Hadoop')
  refuses({ ...hive, ...storage('GCS') }, /type hive has no 'GCS'; choose of Hadoop/)
})

test('settings and ways to sign in of other storage are refused', () => {
  const keys = { 'auth.ak_sk.access_key': 'acc', 'auth.ak_sk.secret_key': 'a2V5' }
  refuses(
    storage('GCS', { 'storage.s3.region': 'eu' }),
    /^storageConfig.storage.s3.region: GCS storage takes storage.gcs/,
  )
  refuses({ authConfig: { 'auth.type': 'AK/SK', ...keys } }, /^authConfig.auth.type: GCS storage takes CUSTOM, and/)
  refuses({ authConfig: { 'auth.type': 'SIMPLE' } }, /GCS storage takes CUSTOM/)
  refuses({ warehouse: ABFS, authConfig: { 'auth.type': 'SIMPLE' } }, /ADLS storage takes AK\/SK, CUSTOM/)
  assert.equal(check(storage('GCS', { 'storage.gcs.endpoint': 'http://gcs:4443', 'hadoop.core.site': '' })), 'GCS')
  assert.equal(check({ warehouse: ABFS, authConfig: { 'auth.type': 'AK/SK', ...keys } }), 'ADLS')
})

test('each scheme is of one kind of storage, and each kind is taken by some type', () => {
  const schemes = STORAGE_TYPES.flatMap((type) => STORAGES[type].schemes)
  assert.equal(new Set(schemes).size, schemes.length)
  const taken = new Set(METASTORES.flatMap(storagesOf))
  assert.deepEqual([...taken].sort(), STORAGE_TYPES.toSorted())
  for (const type of ['GCS', 'ADLS'] as const)
    for (const scheme of STORAGES[type].schemes) assert.equal(exactStorageOf(`${scheme}://b`), type)
})
