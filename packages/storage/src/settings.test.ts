import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OBJECT_STORE_SERVICES } from './object-store-service.ts'
import { isStorageSetting } from './settings.ts'

test('what a store takes is told from what else a catalog has', () => {
  const objectStores = OBJECT_STORE_SERVICES.flatMap(({ options, otherSettings }) => [
    ...Object.keys(options),
    ...otherSettings,
  ])
  const hdfs = ['dfs.namenode.http-address', 'dfs.ha.namenodes.ns', 'fs.defaultFS', 'hdfs.user', 'ugi']
  assert.deepEqual(
    [...objectStores, ...hdfs, 'hdfs.delegation-token'].filter((name) => !isStorageSetting(name)),
    [],
  )
  const others = ['warehouse', 'uri', 'token', 'table.self-optimizing.quota', 'dfs', 'hive.metastore.uris']
  assert.deepEqual(others.filter(isStorageSetting), [])
})
