import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { OBJECT_STORE_SERVICES, serviceOptions } from './object-store-service.ts'
import type { StorageSettings } from './settings.ts'

function optionsOf(scheme: string, authority: string, settings: StorageSettings) {
  const service = OBJECT_STORE_SERVICES.find(({ schemes }) => schemes.includes(scheme))
  assert.ok(service)
  return serviceOptions(service, authority, settings)
}

const KEYS = { 's3.access-key-id': 'id', 's3.secret-access-key': 'secret' }

test('S3 settings have the names of Iceberg', () => {
  assert.deepEqual(
    optionsOf('s3', 'bucket', {
      ...KEYS,
      's3.endpoint': 'http://127.0.0.1:9000',
      's3.session-token': 'token',
      's3.path-style-access': 'true',
      'client.region': 'eu-central-1',
      warehouse: 's3://bucket/w',
    }),
    {
      root: '/',
      bucket: 'bucket',
      region: 'eu-central-1',
      endpoint: 'http://127.0.0.1:9000',
      access_key_id: 'id',
      secret_access_key: 'secret',
      session_token: 'token',
      enable_virtual_host_style: 'false',
      disable_config_load: 'true',
      disable_ec2_metadata: 'true',
    },
  )
})

test('without keys the environment gives credentials and region', () => {
  assert.deepEqual(optionsOf('s3', 'b', {}), { root: '/', bucket: 'b', enable_virtual_host_style: 'true' })
  assert.equal(optionsOf('s3', 'b', { 's3.endpoint': 'http://minio' })['region'], 'us-east-1')
  const anonymous = optionsOf('s3', 'b', { 's3.anonymous': 'true' })
  assert.equal(anonymous['allow_anonymous'], 'true')
  assert.equal(anonymous['disable_ec2_metadata'], 'true')
})

test('a bucket is in the path where no host can have it, unless the settings say otherwise', () => {
  const isVirtual = (settings: StorageSettings) =>
    optionsOf('s3', 'b', settings)['enable_virtual_host_style'] === 'true'
  for (const endpoint of [
    'http://127.0.0.1:9000',
    'https://10.0.0.7',
    '192.168.1.2:9000',
    'http://[::1]:9000',
    'http://localhost:9000',
  ]) {
    assert.equal(isVirtual({ 's3.endpoint': endpoint }), false, endpoint)
    assert.equal(isVirtual({ 's3.endpoint': endpoint, 's3.path-style-access': 'false' }), true, endpoint)
  }
  for (const endpoint of ['https://s3.eu-west-1.amazonaws.com', 'http://minio:9000', 'https://127.example.com', '']) {
    assert.equal(isVirtual({ 's3.endpoint': endpoint }), true, endpoint)
    assert.equal(isVirtual({ 's3.endpoint': endpoint, 's3.path-style-access': 'TRUE' }), false, endpoint)
  }
})

test('encryption at rest', () => {
  const kms = optionsOf('s3', 'b', { 's3.sse.type': 'kms', 's3.sse.key': 'alias/k' })
  assert.equal(kms['server_side_encryption'], 'aws:kms')
  assert.equal(kms['server_side_encryption_aws_kms_key_id'], 'alias/k')
  assert.equal(optionsOf('s3', 'b', { 's3.sse.type': 's3' })['server_side_encryption'], 'AES256')
})

test('what cannot be done as asked is refused by the name of the setting', () => {
  const refused = (settings: StorageSettings, kind: 'invalid-input' | 'unsupported', message: RegExp) =>
    assert.throws(
      () => optionsOf('s3', 'b', settings),
      (error) => isKind(error, kind) && message.test(error.message),
    )
  refused({ 's3.access-key-id': 'id' }, 'invalid-input', /s3\.secret-access-key/)
  refused({ 's3.path-style-access': 'yes' }, 'invalid-input', /s3\.path-style-access is "yes"/)
  refused({ 's3.remote-signing-enabled': 'true' }, 'unsupported', /vended-credentials/)
  refused({ 's3.sse.type': 'custom' }, 'unsupported', /s3\.sse\.type is "custom"/)
})

test('an Azure authority names container and account', () => {
  const host = 'acc.dfs.core.windows.net'
  assert.deepEqual(optionsOf('abfs', `data@${host}`, { [`adls.sas-token.${host}`]: 'sv=1' }), {
    root: '/',
    container: 'data',
    account_name: 'acc',
    endpoint: 'https://acc.blob.core.windows.net',
    sas_token: 'sv=1',
  })
  const local = { 'adls.endpoint': 'http://127.0.0.1:10000/dev', 'adls.auth.shared-key.account.name': 'dev' }
  assert.deepEqual(optionsOf('wasb', 'data', { ...local, 'adls.auth.shared-key.account.key': 'a2V5' }), {
    root: '/',
    container: 'data',
    account_name: 'dev',
    account_key: 'a2V5',
    endpoint: 'http://127.0.0.1:10000/dev',
  })
})

test('other stores take their own settings only', () => {
  assert.deepEqual(optionsOf('gs', 'b', { ...KEYS, 'gcs.no-auth': 'true', 'gcs.service.host': 'http://h' }), {
    root: '/',
    bucket: 'b',
    endpoint: 'http://h',
    allow_anonymous: 'true',
    disable_config_load: 'true',
    disable_vm_metadata: 'true',
  })
  assert.deepEqual(optionsOf('oss', 'b', { 'oss.endpoint': 'http://h', 'client.access-key-id': 'i' }), {
    root: '/',
    bucket: 'b',
    endpoint: 'http://h',
    access_key_id: 'i',
  })
})
