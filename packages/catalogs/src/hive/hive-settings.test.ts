import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { hiveSettings } from './hive-settings.ts'

const uri = 'thrift://a:9083'

test('addresses are taken apart, and others refused without repeating what may be secret', () => {
  const { endpoints } = hiveSettings({ uri: 'thrift://a:1, thrift://[::1]:2,thrift://b' })
  assert.deepEqual(endpoints, [
    { host: 'a', port: 1 },
    { host: '::1', port: 2 },
    { host: 'b', port: 9083 },
  ])
  assert.deepEqual(hiveSettings({ 'hive.metastore.uris': 'thrift://c:3' }).endpoints, [{ host: 'c', port: 3 }])
  for (const bad of ['', ' , ', 'a:9083', 'thrift://', 'thrift://u:secret@a:1', 'thrift://a:x']) {
    assert.throws(
      () => hiveSettings({ uri: bad }),
      (error) =>
        isKind(error, 'invalid-input') && error.message.includes('thrift://') && !error.message.includes('secret'),
    )
  }
  assert.throws(() => hiveSettings({ uri: 'https://a/metastore' }), /not over HTTP/)
})

test('PLAIN takes user and password; Kerberos is refused and says what to do', () => {
  assert.equal(hiveSettings({ uri }).sasl, undefined)
  const plain = { uri, 'hive.metastore.client.auth.mode': 'plain', 'hive.metastore.client.plain.username': 'ann' }
  const { sasl, user } = hiveSettings({ ...plain, 'hive.metastore.client.plain.password': 'p' })
  assert.deepEqual([sasl, user], [{ user: 'ann', password: 'p' }, 'ann'])
  assert.throws(() => hiveSettings(plain), /hive\.metastore\.client\.plain\.password/)
  for (const kerberos of [
    { 'hive.metastore.sasl.enabled': 'true' },
    { 'hive.metastore.client.auth.mode': 'KERBEROS' },
    { 'hive.kerberos-authentication': 'true' },
  ]) {
    assert.throws(
      () => hiveSettings({ uri, ...kerberos }),
      (error) =>
        isKind(error, 'unsupported') &&
        /Kerberos .* give a delegation token .* hive\.metastore\.delegation-token, use PLAIN over TLS/.test(
          error.message,
        ),
    )
  }
  assert.throws(() => hiveSettings({ uri, 'hive.metastore.client.auth.mode': 'JWT' }), /NOSASL and PLAIN/)
})

test('a delegation token takes the place of a ticket, and what is made belongs to its owner', () => {
  const token =
    'IgADbGFiBGhpdmUHbGFiQExBQooBogeOrFqKAaIrmzBaAQEU6ryWG-3P6zOYnSQoEowx6FYiisEVSElWRV9ERUxFR0FUSU9OX1RPS0VOAA'
  const kerberized = { uri, 'hive.metastore.sasl.enabled': 'true', 'hive.metastore.delegation-token': token }
  const { sasl, user } = hiveSettings(kerberized)
  assert.ok(sasl !== undefined && 'token' in sasl)
  assert.deepEqual([sasl.token.owner, user], ['lab', 'lab'])
  assert.equal(hiveSettings({ ...kerberized, ugi: 'ann' }).user, 'ann')
  // One that was taken away again is none.
  assert.throws(() => hiveSettings({ ...kerberized, 'hive.metastore.delegation-token': '' }), /Kerberos/)
})

test('values that make no sense are refused by name', () => {
  for (const [key, value] of [
    ['clients', '0'],
    ['engine.hive.lock-enabled', 'maybe'],
    ['iceberg.hive.lock-timeout-ms', '-1'],
    ['hive.metastore.client.socket.timeout', 'soon'],
  ] as const) {
    assert.throws(
      () => hiveSettings({ uri, [key]: value }),
      (error) => isKind(error, 'invalid-input') && error.message.startsWith(`${key} is "${value}"`),
    )
  }
  assert.throws(
    () => hiveSettings({ uri, 'hive.metastore.use.SSL': 'true', 'hive.metastore.truststore.path': '/a.jks' }),
    /NODE_EXTRA_CA_CERTS/,
  )
})

test('names and units are those of Iceberg and Hive', () => {
  const settings = hiveSettings({
    uri,
    warehouse: 's3://b/wh/',
    ugi: 'bob:secret',
    'iceberg.engine.hive.lock-enabled': 'false',
    'engine.hive.enabled': 'TRUE',
    'hive.metastore.client.socket.timeout': '10m',
    'iceberg.hive.table-property-max-size': '0',
  })
  assert.deepEqual(
    [settings.warehouse, settings.user, settings.isLockEnabled, settings.isHiveEnabled, settings.callTimeoutMs],
    ['s3://b/wh', 'bob', false, true, 600_000],
  )
  assert.equal(settings.parameterLengthMax, 0)
  assert.equal(hiveSettings({ uri, 'hive.metastore.client.socket.timeout': '600' }).callTimeoutMs, 600_000)
})
