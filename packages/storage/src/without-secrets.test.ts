import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OBJECT_STORE_SERVICES } from './object-store-service.ts'
import { withoutSecrets } from './without-secrets.ts'

const shown = (names: readonly string[]) =>
  Object.keys(withoutSecrets(Object.fromEntries(names.map((name) => [name, 'x'])))).sort()

/** Settings that `more` reads. */
const OTHERS = [
  'client.region',
  's3.region',
  's3.path-style-access',
  's3.anonymous',
  's3.sse.type',
  's3.sse.key',
  's3.remote-signing-enabled',
  'gcs.no-auth',
  'adls.auth.shared-key.account.name',
  'adls.endpoint',
  'adls.sas-token.account.dfs.core.windows.net',
]

test('of the settings of stores, those that tell a place or a way are shown, and no other', () => {
  const named = OBJECT_STORE_SERVICES.flatMap(({ options }) => Object.keys(options))
  assert.deepEqual(shown([...named, ...OTHERS]), [
    'adls.auth.shared-key.account.name',
    'adls.endpoint',
    'client.assume-role.arn',
    'client.assume-role.external-id',
    'client.assume-role.session-name',
    'client.region',
    'cos.endpoint',
    'gcs.no-auth',
    'gcs.service.host',
    'obs.endpoint',
    'oss.endpoint',
    's3.anonymous',
    's3.endpoint',
    's3.path-style-access',
    's3.region',
    's3.remote-signing-enabled',
    's3.sse.type',
    's3.write.storage-class',
  ])
})

test('secrets of catalogs, of tables and of stores that we do not use are not shown', () => {
  const secrets = [
    'adls.connection-string.account.dfs.core.windows.net',
    'adls.sas-token.account',
    'azure.sas',
    'SAS_URL',
    'fs.azure.account.key.account.dfs.core.windows.net',
    'gcs.encryption-key',
    'gcs.decryption-key',
    'auth.kerberos.keytab',
    'auth.simple.private-key',
    'credential',
    'header.Authorization',
    'jdbc.Password',
    'oauth2.token',
    'x-api-key',
    'presigned.signature',
    's3.sse.key',
    'accessKey',
    'header.X-Auth',
    'header.x-goog-user',
    'header.Cookie',
    'table.header.anything',
    'pwd',
    'jdbc.pwd',
    'jwt',
    'rest.bearer',
    'assertion',
    'client-assertion',
    'session',
    'http.session_id',
    'obs.sk',
    'obs.ak',
    'cookie',
    'basic_auth',
    'auth',
    'gcs.hmac.key',
  ]
  assert.deepEqual(shown(secrets), [])
})

test('harmless properties that look a little like secrets are shown', () => {
  const harmless = [
    'access-delegation',
    'auth.simple.hadoop_username',
    'auth.type',
    'encryption.key-id',
    'header.X-Iceberg-Access-Delegation',
    'owner',
    'rest.auth.type',
    'session.time-zone',
    'task.name',
    'uri',
    'warehouse',
    'write.header-row',
    'write.parquet.bloom-filter-enabled.column.sasha',
  ]
  assert.deepEqual(shown(harmless), harmless)
})
