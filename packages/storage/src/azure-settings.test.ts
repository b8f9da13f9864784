import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKind } from '@moraine/stdx/error'
import { azureOptions } from './azure-settings.ts'

const HOST = 'acc.dfs.core.windows.net'
const CLOUD = { container: 'data', account_name: 'acc', endpoint: 'https://acc.blob.core.windows.net' }

test('an authority names container and account, and blobs have a host of their own', () => {
  assert.deepEqual(azureOptions(`data@${HOST}`, {}), CLOUD)
  assert.deepEqual(azureOptions('data@acc.blob.core.windows.net', {}), CLOUD)
  assert.deepEqual(azureOptions('data@acc.dfs.core.chinacloudapi.cn', {}), {
    ...CLOUD,
    endpoint: 'https://acc.blob.core.chinacloudapi.cn',
  })
})

test('an account has a key by the name of Java or of Python', () => {
  for (const settings of [
    { 'adls.auth.shared-key.account.name': 'acc', 'adls.auth.shared-key.account.key': 'a2V5' },
    { 'adls.account-name': 'acc', 'adls.account-key': 'a2V5' },
  ]) {
    assert.deepEqual(azureOptions(`data@${HOST}`, settings), { ...CLOUD, account_key: 'a2V5' })
  }
})

test('the signature of an account counts before that of any', () => {
  const any = { 'adls.sas-token': 'any' }
  assert.equal(azureOptions(`data@${HOST}`, any)['sas_token'], 'any')
  for (const name of ['acc', HOST]) {
    assert.equal(azureOptions(`data@${HOST}`, { ...any, [`adls.sas-token.${name}`]: 'its' })['sas_token'], 'its', name)
  }
  assert.equal(azureOptions(`data@${HOST}`, { 'adls.sas-token.other': 'theirs' })['sas_token'], undefined)
})

test('a connection string of Java is an address', () => {
  const local = { 'adls.account-name': 'lab', 'adls.account-key': 'a2V5' }
  for (const name of [`adls.connection-string.${HOST}`, 'adls.connection-string.lab', 'adls.connection-string']) {
    assert.deepEqual(azureOptions(`data@${HOST}`, { ...local, [name]: 'http://127.0.0.1:10000/lab/' }), {
      container: 'data',
      account_name: 'lab',
      endpoint: 'http://127.0.0.1:10000/lab',
      account_key: 'a2V5',
    })
  }
  const signed = { 'adls.connection-string.acc': `https://${HOST}?sv=1&sig=2` }
  assert.deepEqual(azureOptions(`data@${HOST}`, signed), { ...CLOUD, sas_token: 'sv=1&sig=2' })
})

test('a connection string of Azure names what it knows, before other settings', () => {
  const told = (text: string) => azureOptions('data@x', { 'adls.account-key': 'b2xk', 'adls.connection-string': text })
  assert.deepEqual(told('AccountName=acc;AccountKey=a2V5PQ==;EndpointSuffix=core.windows.net'), {
    ...CLOUD,
    account_key: 'a2V5PQ==',
  })
  assert.deepEqual(told('DefaultEndpointsProtocol=http;AccountName=lab;BlobEndpoint=http://127.0.0.1:10000/lab;'), {
    container: 'data',
    account_name: 'lab',
    endpoint: 'http://127.0.0.1:10000/lab',
    account_key: 'b2xk',
  })
  assert.equal(told(`BlobEndpoint=https://${HOST};SharedAccessSignature=sv=1&sig=2`)['sas_token'], 'sv=1&sig=2')
})

test('a connection string that is none is refused without being shown', () => {
  assert.throws(
    () => azureOptions('data@x', { 'adls.connection-string': 'AccountKey=hunter2' }),
    (error) =>
      isKind(error, 'invalid-input') && /adls\.connection-string/.test(error.message) && !/hunter2/.test(error.message),
  )
})
