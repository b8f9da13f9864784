import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { optimizerTlsSettings } from './optimizer-tls-settings.ts'
import { resolveConfig } from './read-config.ts'

const PREFIX = 'thrift-server.optimizing-service.tls'

function settings(files: Readonly<Record<string, string>>) {
  const entries = Object.entries(files).map(([key, text]) => [`${PREFIX}.${key}`, { text, source: 'test' }] as const)
  return optimizerTlsSettings(resolveConfig(new Map(entries)).values)
}

test('with a certificate and its key the port is with TLS, and without both it is not', () => {
  assert.equal(settings({}), undefined)
  const [certificateFile, keyFile] = [resolve('c.pem'), resolve('/k.pem')]
  const both = { 'certificate-file': 'c.pem', 'key-file': '/k.pem' }
  assert.deepEqual(settings(both), { certificateFile, keyFile, caFile: undefined })
  assert.deepEqual(settings({ ...both, 'ca-file': 'a.pem' }), { certificateFile, keyFile, caFile: resolve('a.pem') })
})

test('one without the other is refused', () => {
  for (const [present, absent] of [
    ['certificate-file', 'key-file'],
    ['key-file', 'certificate-file'],
    ['ca-file', 'certificate-file'],
  ] as const) {
    const message = `setting ${PREFIX}.${present} is set and ${PREFIX}.${absent} is not: TLS needs both the certificate and its key; set that too, or neither`
    assert.throws(() => settings({ [present]: 'x.pem' }), { kind: 'invalid-input', message })
  }
})
