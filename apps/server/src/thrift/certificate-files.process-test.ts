import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { testAuthority } from '@moraine/testkit/test-authority'
import { checkCertificates, readServerCertificate } from './certificate-files.ts'

const directory = mkdtempSync(join(tmpdir(), 'moraine-certificate-'))
after(() => rmSync(directory, { recursive: true }))

const KEY_SETTING = 'thrift-server.optimizing-service.tls.key-file'
const CERTIFICATE_SETTING = 'thrift-server.optimizing-service.tls.certificate-file'

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

const authority = testAuthority()
const { certificate, key } = authority?.issue(['DNS:localhost']) ?? { certificate: '', key: '' }
const options = { skip: authority === undefined && 'there is no openssl' }
const certificateFile = file('certificate.pem', certificate)
const keyFile = file('key.pem', key)

test('a certificate and its key', options, async () => {
  const files = { certificateFile, keyFile, caFile: certificateFile }
  assert.deepEqual(await readServerCertificate(files), { certificate, key })
  await checkCertificates(files)
})

test('what does not do is named, with the setting and the remedy', options, async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
  const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
  const locked = other.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' })
  const missing = join(directory, 'missing.pem')
  const empty = file('empty.pem', '')
  const good = { certificateFile, keyFile, caFile: undefined }
  const weak = authority?.issue(['DNS:localhost'], { rsaBits: 512 })
  const weakFiles = {
    certificateFile: file('weak.pem', String(weak?.certificate)),
    keyFile: file('weak-key.pem', String(weak?.key)),
  }
  const cases = [
    [weakFiles, 'or its key cannot be used: ee key too small; have another one issued'],
    [
      { certificateFile: missing },
      `reading the file of ${CERTIFICATE_SETTING}, ${missing}, failed: ENOENT; there is no`,
    ],
    [{ keyFile: directory }, `reading the file of ${KEY_SETTING}, ${directory}, failed: EISDIR; it is a directory`],
    [
      { certificateFile: empty },
      `the file of ${CERTIFICATE_SETTING}, ${empty}: there is no certificate in it: it must be PEM`,
    ],
    [{ certificateFile: keyFile }, `the file of ${CERTIFICATE_SETTING}, ${keyFile}: there is no certificate in it`],
    [{ keyFile: empty }, `the file of ${KEY_SETTING}, ${empty}: there is no private key in it: it must be PEM`],
    [{ keyFile: certificateFile }, `the file of ${KEY_SETTING}, ${certificateFile}: there is no private key in it`],
    [{ keyFile: file('locked.pem', String(locked)) }, 'locked by a passphrase; write it without'],
    [
      { keyFile: file('other.pem', String(other.export(pkcs8))) },
      `is not that of the certificate of ${CERTIFICATE_SETTING}`,
    ],
    [{ caFile: empty }, `the file of thrift-server.optimizing-service.tls.ca-file, ${empty}: there is no certificate`],
  ] as const
  for (const [wrong, message] of cases) {
    await assert.rejects(checkCertificates({ ...good, ...wrong }), (error: Error) => {
      assert.ok(error.message.includes(message), `${error.message}\n${message}`)
      return true
    })
  }
})
