import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CatalogType } from '@moraine/management/catalogs/managed-catalog'
import { isKind } from '@moraine/stdx/error'
import { checkAddresses } from './check-addresses.ts'

function check(type: CatalogType, properties: Readonly<Record<string, string>>) {
  checkAddresses({ type, properties, storageConfig: {}, authConfig: {} })
}

test('an address that says who signs in is refused with what to give in place of it', () => {
  for (const [type, key, value, remedy] of [
    ['rest', 'uri', 'http://ann:LEAK@h/x', /token, or credential/],
    ['rest', 'uri', 'http://h/x?apikey=LEAK', /header\.NAME/],
    ['rest', 'oauth2-server-uri', 'https://u:LEAK@idp/tok', /properties\.oauth2-server-uri/],
    ['jdbc', 'uri', 'jdbc:postgresql://ann:LEAK@h/db', /jdbc\.user and jdbc\.password/],
    ['jdbc', 'uri', 'jdbc:postgresql://h/db?user=ann&password=LEAK', /jdbc\.password/],
    ['hive', 'uri', 'thrift://ann:LEAK@h:9083', /properties of their own/],
    ['filesystem', 'warehouse', 's3://key:LEAK@bucket/wh', /s3\.access-key-id/],
    ['filesystem', 'warehouse', 'hdfs://u:LEAK@nn:8020/wh', /hdfs\.user/],
    ['filesystem', 's3.endpoint', 'http://u:LEAK@h:9000', /s3\.secret-access-key/],
  ] as const) {
    assert.throws(
      () => check(type, { [key]: value }),
      (error) => isKind(error, 'invalid-input') && remedy.test(error.message) && !error.message.includes('LEAK'),
      value,
    )
  }
})

test('other values pass', () => {
  check('jdbc', { uri: 'jdbc:mysql://h/db?useSSL=true&user=ann', warehouse: 's3://b/wh', 'jdbc.password': 'a://b:c@d' })
  check('rest', { uri: 'https://h/x?warehouse=w', token: 'abc', 'database-filter': 'a;sig=b' })
  check('filesystem', { warehouse: 'abfss://container@account.dfs.core.windows.net/wh' })
  checkAddresses({ type: 'hive', properties: {}, storageConfig: { 'hive.site': 'a://b:c@d' }, authConfig: {} })
})
