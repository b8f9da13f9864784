import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { connectionProperties, tableDefaults } from './catalog-connection.ts'
import type { CatalogMap, CatalogType } from './managed-catalog.ts'

const connect = (type: CatalogType, storageConfig: CatalogMap, authConfig: CatalogMap, properties: CatalogMap = {}) =>
  connectionProperties({ name: 'far', type, storageConfig, authConfig, properties })

test('keys and places of S3, OSS, Azure and Google have the names that adapters and storage take', () => {
  const keys = { 'auth.type': 'AK/SK', 'auth.ak_sk.access_key': 'id', 'auth.ak_sk.secret_key': 'secret' }
  const s3 = { 'storage.type': 'S3', 'storage.s3.region': 'eu-west-1', 'storage.s3.endpoint': 'http://minio:9000' }
  assert.deepEqual(connect('glue', s3, keys, { warehouse: 's3://b', 'table.a': '1' }), {
    'client.region': 'eu-west-1',
    's3.endpoint': 'http://minio:9000',
    's3.access-key-id': 'id',
    's3.secret-access-key': 'secret',
    warehouse: 's3://b',
  })
  assert.deepEqual(connect('ams', { 'storage.type': 'OSS', 'storage.oss.endpoint': 'http://oss' }, keys), {
    'oss.endpoint': 'http://oss',
    'client.access-key-id': 'id',
    'client.access-key-secret': 'secret',
  })
  assert.deepEqual(connect('ams', { 'storage.type': 'ADLS', 'storage.adls.endpoint': 'http://azure/acc' }, keys), {
    'adls.endpoint': 'http://azure/acc',
    'adls.auth.shared-key.account.name': 'id',
    'adls.auth.shared-key.account.key': 'secret',
  })
  assert.deepEqual(connect('ams', { 'storage.type': 'GCS', 'storage.gcs.endpoint': 'http://gcs' }, {}), {
    'gcs.service.host': 'http://gcs',
  })
  assert.deepEqual(connect('rest', s3, { 'auth.type': 'custom' }, { 's3.endpoint': 'http://own' }), {
    'client.region': 'eu-west-1',
    's3.endpoint': 'http://own',
  })
})

test('a Hive catalog has its metastore from hive-site.xml, unless a property names it', () => {
  const xml = `<?xml version="1.0"?><configuration>
    <!-- <property><name>hive.metastore.uris</name><value>thrift://old:9083</value></property> -->
    <property><name>hive.metastore.uris</name><value> thrift://a:9083,thrift://b:9083 </value><final>true</final></property>
    <property><description>x</description><name>hive.metastore.client.plain.password</name><value>a&amp;&lt;b</value></property>
    <property><name>javax.jdo.option.ConnectionPassword</name><value>no business of ours</value></property>
    <property><name>broken</name></property></configuration>`
  const site = { 'hive.site': Buffer.from(xml).toString('base64') }
  const simple = { 'auth.type': 'simple', 'auth.simple.hadoop_username': 'root' }
  assert.deepEqual(connect('hive', site, simple, { 'hive.metastore.uris': 'thrift://c:9083' }), {
    'hive.metastore.uris': 'thrift://c:9083',
    'hive.metastore.client.plain.password': 'a&<b',
    ugi: 'root',
  })
  assert.equal(connect('hive', site, simple)['hive.metastore.uris'], 'thrift://a:9083,thrift://b:9083')
  assert.deepEqual(connect('rest', site, {}), {})
  for (const text of ['17', 'no base64!', Buffer.from('<html/>').toString('base64')]) {
    assert.throws(
      () => connect('hive', { 'hive.site': text }, {}),
      (error) => isKind(error, 'invalid-input') && /hive.site/.test(error.message),
    )
  }
})

test('ways to sign in that there are not are named', () => {
  assert.throws(
    () => connect('hive', {}, { 'auth.type': 'KERBEROS' }),
    (error) =>
      isKind(error, 'unsupported') &&
      /choose custom, .*hive\.metastore\.delegation-token .*hdfs\.delegation-token/.test(error.message),
  )
  assert.throws(
    () => connect('hive', {}, { 'auth.type': 'magic' }),
    /authConfig.auth.type is 'magic'; choose of simple/,
  )
})

test('properties of tables are told apart', () => {
  const properties = { 'table.self-optimizing.group': 'g', 'table-formats': 'ICEBERG', warehouse: 'w' }
  assert.deepEqual(tableDefaults({ properties }), { 'self-optimizing.group': 'g' })
})

test('HDFS has its name nodes from the site files, unless a property names them', () => {
  const site = (properties: CatalogMap) => {
    const all = Object.entries(properties).map(
      ([key, value]) => `<property><name>${key}</name><value>${value}</value></property>`,
    )
    return Buffer.from(`<configuration>${all.join('')}</configuration>`).toString('base64')
  }
  const storage = {
    'storage.type': 'Hadoop',
    'hadoop.core.site': site({ 'fs.defaultFS': 'hdfs://ns1', 'hadoop.security.credential.provider.path': 'x' }),
    'hadoop.hdfs.site': site({
      'dfs.nameservices': 'ns1',
      'dfs.ha.namenodes.ns1': 'a,b',
      'dfs.namenode.http-address.ns1.a': 'one:9870',
      'dfs.namenode.http-address.ns1.b': 'two:9870',
      'dfs.datanode.data.dir': '/d',
    }),
  }
  const given = { 'dfs.namenode.http-address.ns1.b': 'three:9870', warehouse: 'hdfs://ns1/wh' }
  assert.deepEqual(
    connect('filesystem', storage, { 'auth.type': 'simple', 'auth.simple.hadoop_username': 'u' }, given),
    {
      'fs.defaultFS': 'hdfs://ns1',
      'dfs.nameservices': 'ns1',
      'dfs.ha.namenodes.ns1': 'a,b',
      'dfs.namenode.http-address.ns1.a': 'one:9870',
      'dfs.namenode.http-address.ns1.b': 'three:9870',
      ugi: 'u',
      warehouse: 'hdfs://ns1/wh',
    },
  )
})
