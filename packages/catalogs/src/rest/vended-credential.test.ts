import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endOfCredentials, storeOfCredential } from './vended-credential.ts'

test('a credential is known by its name, and whose it is', () => {
  for (const [name, store] of [
    ['s3.session-token', 's3'],
    ['s3.endpoint', undefined],
    ['gcs.oauth2.token', 'gcs'],
    ['gcs.oauth2.token-expires-at', 'gcs'],
    ['adls.sas-token.account.dfs.core.windows.net', 'adls'],
    ['adls.sas-token-expires-at-ms.account', 'adls'],
    ['adls.account-key', 'adls'],
    ['client.security-token', 'oss'],
    ['client.region', undefined],
    ['client.refresh-credentials-endpoint', undefined],
  ] as const) {
    assert.equal(storeOfCredential(name), store, name)
  }
})

test('credentials end when the first of them does', () => {
  assert.equal(endOfCredentials({ 's3.access-key-id': 'k' }), undefined)
  assert.equal(endOfCredentials({ 's3.session-token-expires-at-ms': 'soon' }), undefined)
  const ends = { 's3.session-token-expires-at-ms': '1800000000000', 'adls.sas-token-expires-at-ms.a': '1700000000000' }
  assert.equal(endOfCredentials(ends), 1700000000000)
})
