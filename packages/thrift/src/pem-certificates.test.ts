import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCertificates } from './pem-certificates.ts'

test('what is no certificate is said to be none', () => {
  for (const text of ['', 'anything', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----']) {
    assert.throws(() => parseCertificates(text), {
      kind: 'invalid-input',
      message: /^there is no certificate in it: .*PEM/,
    })
  }
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  assert.throws(() => parseCertificates(damaged), { kind: 'invalid-input', message: 'a certificate in it is damaged' })
})
