import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlainCatalog } from '@moraine/management/catalogs/catalog-form'
import type { WarehouseOverlap } from './places-of-others.ts'
import { registrationWarnings } from './registration-warnings.ts'

const REST: PlainCatalog = {
  name: 'far',
  type: 'rest',
  properties: { uri: 'http://h', 'table-formats': 'ICEBERG' },
  storageConfig: {},
  authConfig: {},
}

const told = (catalog: Partial<PlainCatalog>, overlaps: readonly WarehouseOverlap[] = []) =>
  registrationWarnings({ ...REST, ...catalog }, { findOverlaps: async () => overlaps })

test('keys that are nearly known are told with the one that is meant, in each of the maps', async () => {
  const properties = {
    ...REST.properties,
    warehous: 'prod',
    's3.acces-key-id': 'x',
    'table-fliter': '.*',
    'header.X-Any': 'x',
    'vendor.setting': 'x',
    'table.format-versoin': '2',
    'table.self-optimizing.enabeld': 'false',
  }
  const storageConfig = { 'storage.type': 'S3', 'storage.s3.regoin': 'eu-west-1' }
  const authConfig = { 'auth.type': 'ak/sk', 'auth.ak_sk.acces_key': 'x' }
  assert.deepEqual(await told({ properties, storageConfig, authConfig }), [
    'properties.warehous is not known here; warehouse is meant?',
    'properties.s3.acces-key-id is not known here; s3.access-key-id is meant?',
    'properties.table-fliter is not known here; table-filter is meant?',
    'storageConfig.storage.s3.regoin is not known here; storage.s3.region is meant?',
    'authConfig.auth.ak_sk.acces_key is not known here; auth.ak_sk.access_key is meant?',
    'tableProperties.format-versoin is not known here; format-version is meant?',
    'tableProperties.self-optimizing.enabeld is not known here; self-optimizing.enabled is meant?',
  ])
  assert.deepEqual(await told({}), [])
})

test('a warehouse that overlaps that of another catalog of the service is told, apart from others', async () => {
  const overlaps = [
    { catalog: 'lake', areBothOwn: true },
    { catalog: 'hms', areBothOwn: false },
  ]
  const [theirs = '', ours = '', ...more] = await told({ type: 'ams' }, overlaps)
  assert.match(theirs, /^its warehouse overlaps that of hms: nothing is registered in, or purged/)
  assert.match(ours, /^its warehouse overlaps that of lake, which this service keeps as well: .*a folder of its own/)
  assert.deepEqual(more, [])
})
