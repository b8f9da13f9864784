import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unknownStorageSettings, withoutSecrets } from './settings.ts'

test('misspelt settings of stores are named, those of others passed over', () => {
  const settings = {
    's3.endpoint': '',
    's3.acces-key-id': '',
    's3.region': '',
    'gcs.oauth2.token': '',
    'adls.sas-token.account.dfs.core.windows.net': '',
    'adls.conection-string.a': '',
    uri: '',
    'client.pool': '',
  }
  assert.deepEqual(unknownStorageSettings(settings), ['s3.acces-key-id', 'adls.conection-string.a'])
})

test('secrets are not shown', () => {
  const settings = {
    's3.endpoint': 'http://h',
    's3.access-key-id': 'AKIA',
    's3.secret-access-key': 'x',
    's3.session-token': 'x',
    'gcs.oauth2.token': 'x',
    'adls.sas-token.a': 'x',
    'adls.auth.shared-key.account.key': 'x',
    'client.access-key-secret': 'x',
    'client.region': 'eu-central-1',
  }
  const shown = Object.entries(withoutSecrets(settings)).filter(([, value]) => value !== '***')
  assert.deepEqual(Object.fromEntries(shown), { 's3.endpoint': 'http://h', 'client.region': 'eu-central-1' })
})
